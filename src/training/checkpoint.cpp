#include "training/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/logging.h"
#include "base/sha256.h"

namespace headway {
namespace {

constexpr std::size_t kKept = 2;

std::filesystem::path tensors_path(const std::filesystem::path& folder, std::int64_t step) {
  return folder / fmt::format("step-{}.safetensors", step);
}
std::filesystem::path manifest_path(const std::filesystem::path& folder, std::int64_t step) {
  return folder / fmt::format("step-{}.json", step);
}

std::string file_sha256(const std::filesystem::path& path) {
  const MappedFile file(path);
  return Sha256().add(file.bytes()).hex_digest();
}

}  // namespace

std::vector<std::int64_t> CheckpointFolder::steps() const {
  std::vector<std::int64_t> result;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, missing)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json" || !name.starts_with("step-")) continue;
    std::int64_t step = 0;
    const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), step);
    if (error == std::errc() && end == name.data() + name.size()) result.push_back(step);
  }
  std::ranges::sort(result, std::greater());
  return result;
}

void CheckpointFolder::save(std::int64_t step,
                            const std::vector<NamedTensor>& tensors,
                            nlohmann::json manifest) const {
  std::filesystem::create_directories(folder_);
  manifest["step"] = step;
  manifest["tensors_sha256"] = write_safetensors(tensors_path(folder_, step), tensors);
  replace_file(manifest_path(folder_, step), manifest.dump());
  const std::vector<std::int64_t> all = steps();
  for (std::size_t i = kKept; i < all.size(); ++i) {
    std::filesystem::remove(manifest_path(folder_, all[i]));
    std::filesystem::remove(tensors_path(folder_, all[i]));
  }
}

std::optional<LoadedCheckpoint> CheckpointFolder::load(std::int64_t step) const {
  try {
    auto manifest = nlohmann::json::parse(read_text(manifest_path(folder_, step)));
    const std::filesystem::path path = tensors_path(folder_, step);
    if (manifest.at("tensors_sha256") != file_sha256(path)) {
      throw ConfigError(fmt::format("{}: the content does not match its manifest", path.string()));
    }
    return LoadedCheckpoint{std::move(manifest), SafetensorsFile(path)};
  } catch (const std::exception& error) {
    log_warning("checkpoint of step {} is unusable, trying an earlier one: {}", step, error.what());
    return std::nullopt;
  }
}

std::optional<LoadedCheckpoint> CheckpointFolder::load_newest() const {
  for (const std::int64_t step : steps()) {
    if (auto loaded = load(step)) return loaded;
  }
  return std::nullopt;
}

void CheckpointFolder::clear() const {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace headway
