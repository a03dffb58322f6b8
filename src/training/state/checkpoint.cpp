#include "training/state/checkpoint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/retry_after_io_errors.h"
#include "base/sha256.h"
#include "base/watched_folder.h"

namespace headway {
namespace {

constexpr std::size_t kKept = 2;
constexpr const char* kManifestHash = "manifest_sha256";
constexpr const char* kReplacement = "replacement";  // a manifest's key for the one to come
constexpr std::string_view kPrefix = "step-";

std::filesystem::path tensors_path(const std::filesystem::path& folder, std::int64_t step) {
  return folder / fmt::format("{}{}.safetensors", kPrefix, step);
}
std::filesystem::path manifest_path(const std::filesystem::path& folder, std::int64_t step) {
  return folder / fmt::format("{}{}.json", kPrefix, step);
}

// Nothing for names that are not written as save() writes them.
std::optional<std::int64_t> step_of(const std::filesystem::path& file) {
  const std::string name = file.stem().string();
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  const bool is_number = error == std::errc() && stop == end;
  return is_number && name == fmt::format("{}{}", kPrefix, step) ? std::optional(step)
                                                                 : std::nullopt;
}

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view what) {
  throw ConfigError(fmt::format("{}: {}", path.string(), what));
}

std::string manifest_text(nlohmann::json manifest) {
  manifest[kManifestHash] = sha256_hex(manifest.dump());
  return manifest.dump();
}

nlohmann::json read_manifest(const std::filesystem::path& path) {
  const std::string text = read_text(path, kLargestRecord, Links::kRefuse);
  try {
    auto manifest = parse_json(text);
    const std::string expected = manifest.at(kManifestHash);
    manifest.erase(kManifestHash);
    if (sha256_hex(manifest.dump()) == expected) return manifest;
  } catch (const nlohmann::json::exception& error) {
    refuse(path, error.what());
  }
  refuse(path, "the content does not match its own SHA-256");
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code missing;
  for (std::filesystem::directory_iterator entry(folder, missing), end; !missing && entry != end;
       entry.increment(missing)) {
    files.push_back(entry->path());
  }
  return files;
}

// What it fails to remove is only in the way. Links are removed, not what they lead to.
void remove_unneeded(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return;
  std::error_code error(errno, std::generic_category());
  if (error == std::errc::is_a_directory) std::filesystem::remove_all(file, error);
  if (error) log_warning("{}: cannot be removed: {}", file.string(), error.message());
}

bool stands_for_a_file(const std::filesystem::path& path) {
  std::error_code unknown;
  const auto there = std::filesystem::symlink_status(path, unknown);
  return std::filesystem::exists(there) && !std::filesystem::is_regular_file(there);
}

// A save that ended in the middle leaves a temporary file, or tensors without a manifest.
bool is_half_written(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  if (file.extension() == ".tmp") return name.substr(name.starts_with('.')).starts_with(kPrefix);
  const auto step = step_of(file);
  return step && !is_there(manifest_path(file.parent_path(), *step));
}

}  // namespace

std::vector<std::int64_t> CheckpointFolder::steps() const {
  std::vector<std::int64_t> result;
  for (const auto& file : files_in(folder_)) {
    if (file.extension() != ".json") continue;
    if (const auto step = step_of(file)) result.push_back(*step);
  }
  std::ranges::sort(result, std::greater());
  return result;
}

void CheckpointFolder::save(std::int64_t step,
                            const std::vector<NamedTensor>& tensors,
                            nlohmann::json manifest) const {
  make_last_directories(folder_, 2);  // not the sweep's folder
  remove_what_is_no_file(step);
  manifest["step"] = step;
  try {
    if (is_there(manifest_path(folder_, step))) {
      replace(step, tensors, std::move(manifest));
    } else {
      manifest["tensors_sha256"] = write_safetensors(tensors_path(folder_, step), tensors);
      replace_file(manifest_path(folder_, step), manifest_text(std::move(manifest)));
    }
  } catch (...) {
    // On a full disk, tensors without a manifest would only take room.
    if (!is_there(manifest_path(folder_, step))) remove(step);
    throw;
  }
  std::vector<std::int64_t> done = steps();
  std::erase_if(done, [&](std::int64_t other) { return other > step; });  // not known to be usable
  for (std::size_t i = kKept; i < done.size(); ++i) remove(done[i]);
}

// Another state of the same step: before its evaluation and after, say. Two files cannot be
// replaced at once, so while the tensors are, the manifest stands for the old ones and for the new.
void CheckpointFolder::replace(std::int64_t step,
                               const std::vector<NamedTensor>& tensors,
                               nlohmann::json manifest) const {
  const auto path = tensors_path(folder_, step);
  const auto prepared = folder_ / fmt::format("{}.new.tmp", path.filename().string());
  manifest["tensors_sha256"] = write_safetensors(prepared, tensors);
  nlohmann::json both = manifest;
  try {
    both = load(step).manifest;
    both[kReplacement] = manifest;
  } catch (const ConfigError&) {
    log_warning("{}: damaged; it is replaced", manifest_path(folder_, step).string());
  } catch (const nlohmann::json::exception&) {
    log_warning("{}: no manifest; it is replaced", manifest_path(folder_, step).string());
  }
  replace_file(manifest_path(folder_, step), manifest_text(std::move(both)));
  if (::rename(prepared.c_str(), path.c_str()) != 0) throw_errno("rename", path.string());
  flush_directory(folder_);
  replace_file(manifest_path(folder_, step), manifest_text(std::move(manifest)));
}

// The manifest first: without it the tensors are no checkpoint.
void CheckpointFolder::remove(std::int64_t step) const {
  remove_unneeded(manifest_path(folder_, step));
  remove_unneeded(tensors_path(folder_, step));
}

// A directory, a pipe, a link, ...
void CheckpointFolder::remove_what_is_no_file(std::int64_t step) const {
  for (const auto& path : {manifest_path(folder_, step), tensors_path(folder_, step)}) {
    if (stands_for_a_file(path)) remove_unneeded(path);
  }
}

LoadedCheckpoint CheckpointFolder::load(std::int64_t step) const {
  auto manifest = read_manifest(manifest_path(folder_, step));
  const std::filesystem::path path = tensors_path(folder_, step);
  if (manifest.value("step", std::int64_t{-1}) != step) {
    refuse(manifest_path(folder_, step), "the manifest is of another step");
  }
  if (!is_there(path)) refuse(path, "the file is missing");
  MappedFile file(path, Links::kRefuse);
  const std::string found = Sha256().add(file.bytes()).hex_digest();
  if (manifest.contains(kReplacement) && manifest.at(kReplacement).at("tensors_sha256") == found) {
    manifest = nlohmann::json(manifest.at(kReplacement));
  }
  manifest.erase(kReplacement);
  if (manifest.value("tensors_sha256", "") != found) {
    refuse(path, "the content does not match the SHA-256 in its manifest");
  }
  return {std::move(manifest), SafetensorsFile(std::move(file), path.string())};
}

std::vector<std::string> CheckpointFolder::damage() const {
  std::vector<std::string> found;
  for (const std::int64_t step : steps()) {
    try {
      load(step);
    } catch (const std::runtime_error& error) {
      found.push_back(fmt::format("step {}: {}", step, error.what()));
    } catch (const nlohmann::json::exception& error) {
      found.push_back(fmt::format("step {}: {}", step, error.what()));
    }
  }
  return found;
}

RecoveredCheckpoint CheckpointFolder::recover() const {
  RecoveredCheckpoint result;
  for (const std::int64_t step : steps()) {
    try {
      retry_after_io_errors([&] { result.newest.emplace(load(step)); }, {});
      break;
    } catch (const EnvironmentError& error) {  // may be whole all the same
      result.damage.push_back(
          fmt::format("the checkpoint of step {} cannot be read: {}", step, error.what()));
      remove_what_is_no_file(step);
    } catch (const ConfigError& error) {
      result.damage.push_back(
          fmt::format("the checkpoint of step {} is damaged: {}", step, error.what()));
      remove(step);
    } catch (const nlohmann::json::exception& error) {  // its own hash is right
      result.damage.push_back(
          fmt::format("the checkpoint of step {} is none: {}", step, error.what()));
      remove(step);
    }
  }
  for (const auto& file : files_in(folder_)) {
    if (is_half_written(file)) remove_unneeded(file);
  }
  return result;
}

void CheckpointFolder::clear() const {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace headway
