#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

struct SlurmNode {
  std::string name;
  int cpus = 1;  // of the job; hardware threads, where cores have several
  int gpus = 0;  // likewise, as far as the environment tells
};

/// A Slurm job as its environment describes it.
struct SlurmJob {
  std::string id;
  std::vector<SlurmNode> nodes;
  std::optional<std::size_t> own_node = {};  // of these, the one that this process runs on
  int unplaced_gpus = 0;                     // of which the environment does not tell the node
  int threads_per_core = 1;                  // of the CPUs above: those of a core go to one rank
};

/// The value of an environment variable, where it is set.
using EnvironmentLookup = std::function<std::optional<std::string>(const char* name)>;

/// The job whose whole allocation this process may use: it runs in the job's script, or in a shell
/// of salloc. Nothing outside of a job, and for a task of a step, to which only the step's share
/// belongs. ConfigError names the variable that cannot be understood.
std::optional<SlurmJob> slurm_job_in(const EnvironmentLookup& variable);

/// Whether this process is a task that srun started: it has a share of the job alone.
bool is_task_of_a_step(const EnvironmentLookup& variable);

/// What squeue says about a job besides.
struct SlurmJobState {
  std::optional<double> seconds_left = {};  // absent: no end, or not known
  int gpus_per_node = 0;                    // as asked for; 0 when not so
};
/// As squeue prints it with kSqueueFormat: "1-02:03:04|gres:gpu:a100:4".
SlurmJobState read_job_state(std::string_view line);
inline constexpr const char* kSqueueFormat = "%L|%b";
/// Asks squeue; says nothing of the job when that fails.
SlurmJobState ask_for_job_state(const std::string& job);

}  // namespace headway
