#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "cluster/launch.h"
#include "runner/commands/machine_checks.h"
#include "runner/commands/process.h"

namespace headway {
namespace {

constexpr double kTimeoutSeconds = 60;  // loading LibTorch from a cold network file system

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of('\n');
  if (end == std::string::npos) return "";
  const auto begin = text.rfind('\n', end);
  return text.substr(begin + 1, end - begin);
}

/// "exit code 127: error while loading shared libraries ...", from the last line it printed.
std::string failure_of(const CapturedRun& run) {
  if (run.timed_out) return fmt::format("did not end within {} s", kTimeoutSeconds);
  return fmt::format("exit code {}: {}", run.exit_code, last_line(run.err + run.out));
}

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
    GroupSpec group;
    group.worker = find_worker_program();
    const std::string worker = group.worker.string();
    const CapturedRun run = run_captured(
        {.command = {worker, "info"}, .environment = group_environment(group)}, kTimeoutSeconds);
    if (run.exit_code != 0) return {failed("worker", worker + ": " + failure_of(run), remedy)};
    return checks_from(worker, nlohmann::json::parse(run.out));
  } catch (const nlohmann::json::exception& error) {
    return {failed("worker", fmt::format("its `info` is no JSON: {}", error.what()), remedy)};
  } catch (const std::exception& error) {
    return {failed("worker", error.what(), remedy)};
  }
}

MachineCheck check_ranks() {
  const char* name = "two ranks";
  const char* remedy =
      "install Open MPI 4.1 (Debian: openmpi-bin); without it trials run on one rank each";
  try {
    GroupSpec group;
    group.ranks = 2;
    const CapturedRun run = run_captured({.command = {"mpirun",
                                                      "--bind-to",
                                                      "none",
                                                      "--oversubscribe",
                                                      "-np",
                                                      "2",
                                                      "printenv",
                                                      "OMPI_COMM_WORLD_RANK"},
                                          .environment = group_environment(group)},
                                         kTimeoutSeconds);
    if (run.exit_code != 0) return failed(name, "mpirun: " + failure_of(run), remedy);
    return {.name = name, .found = "mpirun starts them"};
  } catch (const EnvironmentError& error) {
    return failed(name, error.what(), remedy);
  }
}

}  // namespace headway
