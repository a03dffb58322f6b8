#include "cluster/worker_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <system_error>

#include "base/environment.h"
#include "base/errors.h"
#include "base/find_program.h"
#include "base/temporary_files.h"
#include "base/text.h"
#include "base/utf8.h"
#include "config/schema/json_writer.h"

namespace headway {
namespace {

constexpr const char* kWorkerName = "headway-worker";

// Beside this program, else in PATH.
std::filesystem::path find_worker() {
  if (const auto given = environment_variable("HEADWAY_WORKER")) {
    if (is_program(*given)) return std::filesystem::absolute(*given);
    throw ConfigError(fmt::format("HEADWAY_WORKER is '{}', which is no program", *given));
  }
  std::error_code unknown;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path();
  if (!unknown && is_program(folder / kWorkerName)) return folder / kWorkerName;
  if (const auto found = find_in_path(kWorkerName)) return std::filesystem::absolute(*found);
  throw ConfigError(fmt::format(
      "{} not found beside this program ('{}') or in PATH; set HEADWAY_WORKER to its path",
      kWorkerName,
      folder.string()));
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

std::vector<std::string> worker_command(const GroupSpec& spec) {
  expect_folder_in_utf8(spec.settings.sweep_directory);
  return {spec.worker.string(),
          spec.settings.suite.empty() ? "serve" : "evaluate",
          section_to_json(spec.settings).dump()};
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

std::map<std::string, std::string> one_node_parameters() {
  std::map<std::string, std::string> parameters{{"OMPI_MCA_pml", "ob1"},
                                                {"OMPI_MCA_btl", "self,vader"}};
  std::erase_if(parameters, [](const auto& parameter) {
    return environment_variable(parameter.first.c_str()).has_value();
  });
  return parameters;
}

}  // namespace headway
