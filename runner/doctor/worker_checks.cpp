#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/process.h"
#include "cluster/local/group_command.h"
#include "cluster/local/worker_info.h"
#include "runner/doctor/machine_checks.h"

namespace headway {
namespace {

constexpr double kTimeoutSeconds = 60;

MachineCheck failed(const std::string& name, const std::string& found, const std::string& remedy) {
  return {.name = name, .state = CheckState::kFailed, .found = found, .remedy = remedy};
}

std::string text_of(const nlohmann::json& info, const char* key) {
  const auto found = info.find(key);
  if (found == info.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

MachineCheck gpu_check(const nlohmann::json& info) {
  const std::string gpus = text_of(info, "gpus");
  const bool has_gpus = !gpus.empty() && gpus != "0";
  const std::string cuda = text_of(info, "cuda");
  return {.name = "GPUs",
          .found = fmt::format("{} (CUDA: {}; NCCL: {}){}",
                               gpus.empty() ? "0" : gpus,
                               cuda.empty() ? "none" : cuda,
                               text_of(info, "nccl"),
                               has_gpus ? "" : "; trials run on the CPU")};
}

std::vector<MachineCheck> checks_from(const std::string& worker, const nlohmann::json& info) {
  return {{.name = "worker", .found = worker},
          {.name = "LibTorch",
           .found = fmt::format(
               "{}, CPU capability {}", text_of(info, "torch"), text_of(info, "cpu_capability"))},
          {.name = "Open MPI", .found = text_of(info, "open_mpi")},
          gpu_check(info)};
}

}  // namespace

std::vector<MachineCheck> check_worker() {
  const char* remedy = "run scripts/setup, or set HEADWAY_WORKER and HEADWAY_TORCH";
  try {
    const std::filesystem::path worker = find_worker_program();
    return checks_from(worker.string(), worker_info(worker));
  } catch (const std::exception& error) {
    return {failed("worker", error.what(), remedy)};
  }
}

MachineCheck check_ranks() {
  const char* name = "two ranks";
  const char* remedy =
      "install Open MPI 4.1 (Debian: openmpi-bin); without it trials run on one rank each";
  try {
    const std::filesystem::path worker = find_worker_program();
    Program program{.command = {"mpirun",
                                "--bind-to",
                                "none",
                                "--oversubscribe",
                                "-np",
                                "2",
                                "printenv",
                                "OMPI_COMM_WORLD_RANK"},
                    .environment = group_environment(1),
                    .without = launch_variables()};
    program.environment.merge(one_node_environment(worker));
    const CapturedRun run = run_captured(program, kTimeoutSeconds);
    if (run.exit_code != 0)
      return failed(name, "mpirun: " + failure_of(run, kTimeoutSeconds), remedy);
    if (loopback_library(worker)) {
      return {.name = name, .found = "mpirun starts them, and listens at 127.0.0.1 alone"};
    }
    return {
        .name = name,
        .state = CheckState::kWarning,
        .found = "mpirun starts them, and listens at all addresses of this machine",
        .remedy =
            "install libheadway-loopback.so beside headway-worker, in a folder without spaces or "
            "colons in its name; or shut those ports off"};
  } catch (const ConfigError& error) {
    return failed(name, error.what(), remedy);
  } catch (const EnvironmentError& error) {
    return failed(name, error.what(), remedy);
  }
}

}  // namespace headway
