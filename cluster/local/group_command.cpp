#include "cluster/local/group_command.h"

#include <fmt/format.h>

#include <system_error>

#include "base/environment.h"
#include "base/errors.h"
#include "base/find_program.h"
#include "base/sweep_layout.h"
#include "cluster/local/scratch_folder.h"

namespace headway {
namespace {

constexpr const char* kLauncherName = "mpirun";
constexpr const char* kLoopbackLibrary = "libheadway-loopback.so";

std::string find_launcher(int ranks) {
  if (const auto found = find_in_path(kLauncherName)) return found->string();
  throw EnvironmentError(
      fmt::format("{} is not in PATH, and a group of {} ranks needs it: install Open MPI (Debian: "
                  "openmpi-bin), or set resources.ranks=1",
                  kLauncherName,
                  ranks));
}

}  // namespace

std::vector<std::string> group_command(const GroupSpec& spec) {
  std::vector<std::string> command = worker_command(spec);
  if (spec.ranks == 1) return command;
  command.insert(
      command.begin(),
      {kLauncherName, "--bind-to", "none", "--oversubscribe", "-np", std::to_string(spec.ranks)});
  return command;
}

std::optional<std::filesystem::path> loopback_library(const std::filesystem::path& worker) {
  const std::filesystem::path folder = worker.parent_path();
  // The dynamic linker takes these for ends of a name.
  if (folder.string().find_first_of(": ") != std::string::npos) return std::nullopt;
  for (const auto& place : {folder, folder / "../libexec/headway", folder / "../bin"}) {
    std::error_code unknown;
    const auto library = std::filesystem::canonical(place / kLoopbackLibrary, unknown);
    if (!unknown) return library;
  }
  return std::nullopt;
}

std::map<std::string, std::string> one_node_environment(const std::filesystem::path& worker) {
  std::map<std::string, std::string> environment = one_node_parameters();
  for (const char* name : {"OMPI_MCA_oob_tcp_if_include", "PMIX_MCA_ptl_tcp_if_include"}) {
    if (!environment_variable(name)) environment.emplace(name, "lo");
  }
  if (const auto library = loopback_library(worker)) {
    const auto others = environment_variable("LD_PRELOAD");
    environment["LD_PRELOAD"] = library->string() + (others ? ":" + *others : "");
  }
  return environment;
}

Program group_program(const GroupSpec& spec) {
  return {.command = group_command(spec),
          .environment = group_environment(spec.settings.threads_per_rank)};
}

ChildProcess start_group(const GroupSpec& spec, const std::vector<int>& gpus) {
  const GroupSettings& settings = spec.settings;
  ChildProcess::Start start{
      .program = {group_command(spec),
                  group_environment(settings.threads_per_rank, gpus),
                  launch_variables()},
      .log = SweepLayout(settings.sweep_directory).group_log(GroupName(settings.group))};
  remove_abandoned_scratch();
  std::optional<ScratchFolder> scratch;
  if (spec.ranks > 1) {
    start.program.command.front() = find_launcher(spec.ranks);
    // In a job, Open MPI takes these for the wish to start ranks by srun, on the job's nodes.
    start.program.without.emplace_back("SLURM_");
    scratch = ScratchFolder::make();
    start.program.environment.merge(one_node_environment(spec.worker));
  }
  if (scratch) {
    start.program.environment["OMPI_MCA_orte_tmpdir_base"] = scratch->session().string();
    start.program.environment["OMPI_MCA_btl_vader_backing_directory"] =
        scratch->shared_memory().string();
    start.inherited = scratch->locks();
  }
  return ChildProcess(start);
}

}  // namespace headway
