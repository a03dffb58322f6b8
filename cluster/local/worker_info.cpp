#include "cluster/local/worker_info.h"

#include <fmt/format.h>

#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "base/process.h"
#include "cluster/worker_command.h"

namespace headway {
namespace {

constexpr double kTimeoutSeconds = 60;  // loading LibTorch from a cold network file system
constexpr std::int64_t kMostGpus = 1 << 16;

}  // namespace

nlohmann::json worker_info(const std::filesystem::path& worker, std::vector<std::string> launcher) {
  launcher.insert(launcher.end(), {worker.string(), "info"});
  const CapturedRun run = run_captured({.command = std::move(launcher),
                                        .environment = group_environment(1),
                                        .without = launch_variables()},
                                       kTimeoutSeconds);
  if (run.timed_out || run.exit_code != 0) {
    throw EnvironmentError(
        fmt::format("'{} info': {}", worker.string(), failure_of(run, kTimeoutSeconds)));
  }
  try {
    nlohmann::json info = parse_json(run.out);
    integer_in(info.at("gpus"), {0, kMostGpus});
    return info;
  } catch (const nlohmann::json::exception& error) {
    throw EnvironmentError(
        fmt::format("'{} info' is not what a headway-worker says ({}); is "
                    "HEADWAY_WORKER another program?",
                    worker.string(),
                    error.what()));
  }
}

}  // namespace headway
