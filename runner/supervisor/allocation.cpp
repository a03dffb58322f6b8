#include "runner/supervisor/allocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/environment.h"
#include "base/errors.h"
#include "base/host.h"
#include "runner/commands/process.h"

namespace headway {
namespace {

constexpr double kInfoTimeoutSeconds = 60;  // loading CUDA from a cold network disk

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && stop == text.data() + text.size() && number >= 0;
  return whole ? std::optional(number) : std::nullopt;
}

bool sees_gpus(const std::filesystem::path& worker) {
  const CapturedRun info =
      run_captured({.command = {worker.string(), "info", "--json"}}, kInfoTimeoutSeconds);
  if (info.exit_code != 0) return false;
  const auto json = nlohmann::json::parse(info.out, nullptr, false);
  return json.is_object() && json.value("gpus", 0) > 0;
}

}  // namespace

std::vector<int> visible_gpus(const std::filesystem::path& device_files) {
  std::vector<int> gpus;
  if (const auto listed = environment_variable("CUDA_VISIBLE_DEVICES")) {
    std::istringstream entries(*listed);
    for (std::string entry; std::getline(entries, entry, ',');) {
      const auto number = whole_number(entry);
      if (!number) break;  // CUDA, too, ignores what follows an entry that it does not know
      gpus.push_back(*number);
    }
    return gpus;
  }
  constexpr std::string_view kPrefix = "nvidia";
  std::error_code none;
  std::filesystem::directory_iterator entry(device_files, none);
  for (; !none && entry != std::filesystem::directory_iterator(); entry.increment(none)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    if (const auto number = whole_number(name.substr(kPrefix.size()))) gpus.push_back(*number);
  }
  std::sort(gpus.begin(), gpus.end());
  return gpus;
}

int Allocation::slots(int threads_per_rank) const {
  return device == "cuda" ? static_cast<int>(gpus.size()) : std::max(1, cores / threads_per_rank);
}

Allocation local_allocation(const std::string& device, const std::filesystem::path& worker) {
  Allocation cpu{.device = "cpu", .cores = available_cores()};
  if (device == "cpu") return cpu;
  Allocation cuda{.device = "cuda", .cores = cpu.cores, .gpus = visible_gpus()};
  if (!cuda.gpus.empty() && sees_gpus(worker)) return cuda;
  if (device == "auto") return cpu;
  throw ConfigError(fmt::format("resources.device is 'cuda', but {}",
                                cuda.gpus.empty() ? "this machine shows no GPU"
                                                  : "'" + worker.string() +
                                                        " info' finds none; was it built "
                                                        "with CUDA?"));
}

}  // namespace headway
