#include "cluster/local/launch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/environment.h"
#include "base/errors.h"
#include "cluster/local/scratch_folder.h"

namespace headway {
namespace {

constexpr const char* kWorkerName = "headway-worker";
constexpr const char* kLauncherName = "mpirun";

bool is_program(const std::filesystem::path& path) {
  return std::filesystem::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::filesystem::path> places_to_look() {
  std::vector<std::filesystem::path> places;
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (!unknown) places.push_back(self.parent_path());
  std::istringstream path(environment_variable("PATH").value_or(""));
  for (std::string folder; std::getline(path, folder, ':');) {
    if (!folder.empty()) places.emplace_back(folder);
  }
  return places;
}

std::vector<std::string> checkpoint_options(const CheckpointSettings& checkpoints) {
  std::vector<std::string> options{"--checkpoint-seconds", fmt::format("{}", checkpoints.seconds)};
  const auto add = [&](const char* option, const std::optional<std::int64_t>& value) {
    if (value) options.insert(options.end(), {option, std::to_string(*value)});
  };
  add("--checkpoint-steps", checkpoints.steps);
  add("--checkpoint-epochs", checkpoints.epochs);
  if (checkpoints.keep_best) options.emplace_back("--keep-best-checkpoint");
  return options;
}

std::vector<std::string> evaluation_command(const GroupSpec& spec) {
  std::vector<std::string> command{spec.worker.string(),
                                   "evaluate",
                                   "--sweep-dir",
                                   spec.sweep_directory.string(),
                                   "--suite",
                                   spec.evaluation->suite,
                                   "--group",
                                   spec.group,
                                   "--device",
                                   spec.evaluation->device,
                                   "--lifeline"};
  for (const std::string& trial : spec.evaluation->trials) {
    command.insert(command.end(), {"--trial", trial});
  }
  return command;
}

std::vector<std::string> worker_command(const GroupSpec& spec) {
  if (spec.evaluation) return evaluation_command(spec);
  std::vector<std::string> command{spec.worker.string(),
                                   "serve",
                                   "--sweep-dir",
                                   spec.sweep_directory.string(),
                                   "--group",
                                   spec.group,
                                   "--device",
                                   spec.device,
                                   "--threads",
                                   std::to_string(spec.threads_per_rank),
                                   "--lifeline"};
  const auto checkpoints = checkpoint_options(spec.checkpoints);
  command.insert(command.end(), checkpoints.begin(), checkpoints.end());
  if (spec.time_limit_seconds) {
    command.insert(command.end(),
                   {"--time-limit-seconds", fmt::format("{:.1f}", *spec.time_limit_seconds)});
  }
  if (spec.only_trial) command.insert(command.end(), {"--trial", *spec.only_trial});
  return command;
}

}  // namespace

std::filesystem::path find_worker_program() {
  if (const auto given = environment_variable("HEADWAY_WORKER")) {
    if (is_program(*given)) return std::filesystem::absolute(*given);
    throw ConfigError(fmt::format("HEADWAY_WORKER is '{}', which is no program", *given));
  }
  const auto places = places_to_look();
  for (const auto& place : places) {
    if (is_program(place / kWorkerName)) return std::filesystem::absolute(place / kWorkerName);
  }
  throw ConfigError(fmt::format(
      "{} not found beside this program ('{}') or in PATH; set HEADWAY_WORKER to its path",
      kWorkerName,
      places.empty() ? "" : places.front().string()));
}

std::vector<std::string> group_command(const GroupSpec& spec) {
  std::vector<std::string> command;
  if (spec.ranks > 1) {
    command = {
        kLauncherName, "--bind-to", "none", "--oversubscribe", "-np", std::to_string(spec.ranks)};
  }
  const auto worker = worker_command(spec);
  command.insert(command.end(), worker.begin(), worker.end());
  return command;
}

std::map<std::string, std::string> group_environment(const GroupSpec& spec) {
  std::map<std::string, std::string> environment{
      {"OMP_NUM_THREADS", std::to_string(spec.threads_per_rank)},
      {"OMPI_MCA_mpi_yield_when_idle", "1"}};  // waiting ranks leave their core to others
  // Large pages for the heap, read by glibc when a program starts: a step spends less on the TLB.
  if (!environment_variable("GLIBC_TUNABLES")) {
    environment.emplace("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
  }
  if (::geteuid() == 0) {
    environment.emplace("OMPI_ALLOW_RUN_AS_ROOT", "1");
    environment.emplace("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  }
  if (!spec.gpus.empty()) {
    environment["CUDA_VISIBLE_DEVICES"] = fmt::format("{}", fmt::join(spec.gpus, ","));
  }
  if (const auto torch = environment_variable("HEADWAY_TORCH")) {
    const auto others = environment_variable("LD_LIBRARY_PATH");
    environment["LD_LIBRARY_PATH"] = *torch + "/lib" + (others ? ":" + *others : "");
  }
  return environment;
}

std::filesystem::path group_log(const std::filesystem::path& sweep_directory,
                                const std::string& group) {
  return sweep_directory / "logs" / (group + ".log");
}

namespace {

void expect_launcher(int ranks) {
  const auto places = places_to_look();
  const bool has_mpirun = std::any_of(places.begin(), places.end(), [](const auto& place) {
    return is_program(place / kLauncherName);
  });
  if (has_mpirun) return;
  throw EnvironmentError(
      fmt::format("{} is not in PATH, and a group of {} ranks needs it: install Open MPI (Debian: "
                  "openmpi-bin), or set resources.ranks=1",
                  kLauncherName,
                  ranks));
}

}  // namespace

ChildProcess start_group(const GroupSpec& spec) {
  if (spec.ranks > 1) expect_launcher(spec.ranks);
  ChildProcess::Start start{.command = group_command(spec),
                            .environment = group_environment(spec),
                            .log = group_log(spec.sweep_directory, spec.group)};
  remove_abandoned_scratch();
  std::optional<ScratchFolder> scratch;
  if (spec.ranks > 1) scratch = ScratchFolder::make();
  if (scratch) {
    start.environment["OMPI_MCA_orte_tmpdir_base"] = scratch->session().string();
    start.environment["OMPI_MCA_btl_vader_backing_directory"] = scratch->shared_memory().string();
    start.inherited = scratch->lock();
  }
  return ChildProcess(start);
}

}  // namespace headway
