#include "cluster/local/group_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/environment.h"
#include "base/errors.h"
#include "base/sweep_layout.h"
#include "cluster/local/scratch_folder.h"
#include "config/schema/json_writer.h"

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
  command.insert(command.end(),
                 {spec.worker.string(),
                  spec.settings.suite.empty() ? "serve" : "evaluate",
                  section_to_json(spec.settings).dump()});
  return command;
}

std::map<std::string, std::string> group_environment(std::int64_t threads_per_rank,
                                                     const std::vector<int>& gpus) {
  std::map<std::string, std::string> environment{
      {"OMP_NUM_THREADS", std::to_string(threads_per_rank)},
      {"OMPI_MCA_mpi_yield_when_idle", "1"}};  // waiting ranks leave their core to others
  // Large pages for the heap, read by glibc when a program starts: a step spends less on the TLB.
  if (!environment_variable("GLIBC_TUNABLES")) {
    environment.emplace("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
  }
  if (::geteuid() == 0) {
    environment.emplace("OMPI_ALLOW_RUN_AS_ROOT", "1");
    environment.emplace("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  }
  if (!gpus.empty()) environment["CUDA_VISIBLE_DEVICES"] = fmt::format("{}", fmt::join(gpus, ","));
  if (const auto torch = environment_variable("HEADWAY_TORCH")) {
    const auto others = environment_variable("LD_LIBRARY_PATH");
    environment["LD_LIBRARY_PATH"] = *torch + "/lib" + (others ? ":" + *others : "");
  }
  return environment;
}

Program group_program(const GroupSpec& spec) {
  return {.command = group_command(spec),
          .environment = group_environment(spec.settings.threads_per_rank)};
}

ChildProcess start_group(const GroupSpec& spec, const std::vector<int>& gpus) {
  if (spec.ranks > 1) expect_launcher(spec.ranks);
  const GroupSettings& settings = spec.settings;
  ChildProcess::Start start{
      .program = {group_command(spec), group_environment(settings.threads_per_rank, gpus)},
      .log = SweepLayout(settings.sweep_directory).group_log(GroupName(settings.group))};
  remove_abandoned_scratch();
  std::optional<ScratchFolder> scratch;
  if (spec.ranks > 1) scratch = ScratchFolder::make();
  if (scratch) {
    start.program.environment["OMPI_MCA_orte_tmpdir_base"] = scratch->session().string();
    start.program.environment["OMPI_MCA_btl_vader_backing_directory"] =
        scratch->shared_memory().string();
    start.inherited = scratch->lock();
  }
  return ChildProcess(start);
}

}  // namespace headway
