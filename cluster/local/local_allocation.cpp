#include "cluster/local/local_launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "base/environment.h"
#include "base/errors.h"
#include "base/host.h"
#include "base/logging.h"
#include "cluster/local/worker_info.h"

namespace headway {
namespace {

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && stop == text.data() + text.size() && number >= 0;
  return whole ? std::optional(number) : std::nullopt;
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

Allocation local_allocation(const std::string& device, const std::filesystem::path& worker) {
  const int cores = available_cores();
  Allocation cpu{.device = "cpu", .hosts = {{.name = host_name(), .cores = cores}}};
  if (device == "cpu") return cpu;
  Allocation cuda{.device = "cuda",
                  .hosts = {{.name = host_name(), .cores = cores, .gpus = visible_gpus()}}};
  const bool shown = cuda.gpu_count() > 0;
  if (shown && worker_info(worker).at("gpus").get<int>() > 0) return cuda;
  const std::string why =
      shown ? fmt::format("'{} info' finds none; was it built with CUDA?", worker.string())
            : "this machine shows no GPU";
  if (device == "cuda") throw ConfigError("resources.device is 'cuda', but " + why);
  if (shown) log_warning("training on CPUs: this machine shows GPUs, but {}", why);
  return cpu;
}

}  // namespace headway
