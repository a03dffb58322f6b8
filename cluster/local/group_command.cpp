#include "cluster/local/group_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <sstream>

#include "base/environment.h"
#include "base/errors.h"
#include "base/sweep_layout.h"
#include "base/temporary_files.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cluster/local/scratch_folder.h"
#include "config/schema/json_writer.h"

namespace headway {
namespace {

constexpr const char* kWorkerName = "headway-worker";
constexpr const char* kLauncherName = "mpirun";
constexpr const char* kLoopbackLibrary = "libheadway-loopback.so";

// A folder of PATH that may not be searched holds none.
bool is_program(const std::filesystem::path& path) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(path, unknown) && ::access(path.c_str(), X_OK) == 0;
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

// Looked up here: execvp gives up at a folder of PATH that it cannot look into.
std::string find_launcher(int ranks) {
  for (const auto& place : places_to_look()) {
    if (is_program(place / kLauncherName)) return (place / kLauncherName).string();
  }
  throw EnvironmentError(
      fmt::format("{} is not in PATH, and a group of {} ranks needs it: install Open MPI (Debian: "
                  "openmpi-bin), or set resources.ranks=1",
                  kLauncherName,
                  ranks));
}

std::filesystem::path find_worker() {
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

// An installed worker says it, too, but for each group and each rank anew.
void expect_torch_for_installed(const std::filesystem::path& worker) {
  std::error_code unknown;
  const auto folder = std::filesystem::canonical(worker, unknown).parent_path();
  if (unknown || !is_program(folder.parent_path() / "libexec" / "headway" / kWorkerName)) return;
  const auto torch = environment_variable("HEADWAY_TORCH");
  const char* const library = "lib/libtorch_cpu.so";
  if (torch && std::filesystem::exists(std::filesystem::path(*torch) / library, unknown)) return;
  throw ConfigError(fmt::format(
      "HEADWAY_TORCH {}, and the installed {} finds LibTorch by it: set it to the torch "
      "folder of an installation, the one with {}",
      torch ? fmt::format("is {}, where {} is not", in_quotes(*torch), library) : "is not set",
      kWorkerName,
      library));
}

}  // namespace

std::filesystem::path find_worker_program() {
  auto worker = find_worker();
  expect_torch_for_installed(worker);
  return worker;
}

void expect_folder_in_utf8(const std::filesystem::path& sweep_directory) {
  std::error_code unknown;
  const std::string folder = std::filesystem::absolute(sweep_directory, unknown).string();
  if (!first_byte_that_is_no_utf8(folder)) return;
  throw ConfigError(fmt::format(
      "results folder: '{}' is no UTF-8, and workers could not be told it; name another "
      "folder with --results or $HEADWAY_RESULTS",
      printable(folder)));
}

std::vector<std::string> group_command(const GroupSpec& spec) {
  expect_folder_in_utf8(spec.settings.sweep_directory);
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
  if (const auto asked = environment_variable("TMPDIR")) {
    const std::string temporary = any_temporary_directory().string();
    if (temporary != *asked) environment["TMPDIR"] = temporary;
  }
  if (const auto torch = environment_variable("HEADWAY_TORCH")) {
    const auto others = environment_variable("LD_LIBRARY_PATH");
    environment["LD_LIBRARY_PATH"] = *torch + "/lib" + (others ? ":" + *others : "");
  }
  return environment;
}

std::vector<std::string> launch_variables() {
  const bool is_rank = environment_variable("OMPI_UNIVERSE_SIZE") ||
                       environment_variable("PMIX_RANK") || environment_variable("PMI_RANK");
  if (!is_rank) return {};
  // Not all that begins with OMPI_MCA_ and PMIX_MCA_: users set parameters by such names.
  return {"OMPI_UNIVERSE_SIZE",
          "OMPI_COMM_WORLD_",
          "OMPI_APP_CTX_",
          "OMPI_NUM_APP_CTX",
          "OMPI_FIRST_RANKS",
          "OMPI_FILE_LOCATION",
          "OMPI_COMMAND",
          "OMPI_ARGV",
          "OMPI_MCA_orte_",
          "OMPI_MCA_ess",
          "OMPI_MCA_pmix",
          "OMPI_MCA_initial_wdir",
          "OMPI_MCA_shmem_RUNTIME_QUERY_hint",
          "OMPI_MCA_mpi_oversubscribe",
          "OMPI_MCA_rmaps_base_oversubscribe",
          "PMIX_NAMESPACE",
          "PMIX_RANK",
          "PMIX_SERVER_",
          "PMIX_SECURITY_MODE",
          "PMIX_BFROP_BUFFER_TYPE",
          "PMIX_GDS_MODULE",
          "PMIX_SYSTEM_TMPDIR",
          "PMIX_DSTORE_",
          "PMIX_HOSTNAME",
          "PMIX_VERSION",
          "PMIX_ID",
          "PMI_"};
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
  std::map<std::string, std::string> environment;
  const std::map<std::string, std::string> parameters{{"OMPI_MCA_pml", "ob1"},
                                                      {"OMPI_MCA_btl", "self,vader"},
                                                      {"OMPI_MCA_oob_tcp_if_include", "lo"},
                                                      {"PMIX_MCA_ptl_tcp_if_include", "lo"}};
  for (const auto& [name, value] : parameters) {
    if (!environment_variable(name.c_str())) environment.emplace(name, value);
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
