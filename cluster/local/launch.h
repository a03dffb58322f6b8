#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/local/child_process.h"
#include "config/schema/checkpoint_settings.h"

namespace headway {

/// headway-worker: $HEADWAY_WORKER, else beside this program, else in PATH. ConfigError says where
/// it was looked for.
std::filesystem::path find_worker_program();

/// What a group that does not train does instead.
struct EvaluationTask {
  std::string suite;
  std::string device = "auto";           // auto: each trial as it was trained, where possible
  std::vector<std::string> trials = {};  // ids; empty: all of the plan
};

/// One worker group to be started.
struct GroupSpec {
  std::filesystem::path worker;  // see find_worker_program
  std::filesystem::path sweep_directory;
  std::string group;  // its name in claims, records and logs
  int ranks = 1;
  int threads_per_rank = 1;
  std::string device = "cpu";
  std::vector<int> gpus =
      {};  // the machine's numbers of the GPUs that the group may see; cuda only
  CheckpointSettings checkpoints = {};
  std::optional<double> time_limit_seconds = {};  // from its start
  std::optional<std::string> only_trial = {};     // serve this one and leave
  std::optional<EvaluationTask> evaluation = {};  // of finished trials; on one rank
};

/// The command line of a group: the worker itself for one rank, which needs no MPI runtime; else
/// mpirun. Ranks are not bound to cores: several groups share a machine, and each mpirun, knowing
/// only its own, would bind to the same first cores; the kernel spreads them.
std::vector<std::string> group_command(const GroupSpec& spec);

/// What is set for a group beyond this process's environment.
std::map<std::string, std::string> group_environment(const GroupSpec& spec);

/// Where a group's standard error goes: <sweep>/logs/<group>.log.
std::filesystem::path group_log(const std::filesystem::path& sweep_directory,
                                const std::string& group);

/// Starts the group in its own process group with a lifeline: closing it tells the group to
/// checkpoint and leave. EnvironmentError when there is no mpirun for a group of several ranks.
ChildProcess start_group(const GroupSpec& spec);

}  // namespace headway
