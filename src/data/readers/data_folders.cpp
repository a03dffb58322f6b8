#include "data/readers/data_folders.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/environment.h"
#include "base/errors.h"
#include "data/data_files.h"
#include "data/readers/data_file.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

void add_folders(std::vector<fs::path>& folders,
                 const fs::path& root,
                 const std::vector<std::string>& names) {
  folders.push_back(root);
  for (const std::string& name : names) folders.push_back(root / name);
}

// A file under one of its names; else whatever else has one of them, for the reader to refuse.
std::optional<fs::path> find_file(const fs::path& folder, const WantedFile& wanted) {
  std::optional<fs::path> other;
  for (const std::string& name : wanted) {
    for (const char* ending : {"", ".gz"}) {
      fs::path path = folder / (name + ending);
      std::error_code ignored;
      if (fs::is_regular_file(path, ignored)) return path;
      if (!other && fs::exists(path, ignored)) other = std::move(path);
    }
  }
  return other;
}

// The first of the folders that holds any of the files.
const fs::path* folder_with_any(const std::vector<fs::path>& folders,
                                const std::vector<WantedFile>& wanted) {
  const auto found = std::ranges::find_if(folders, [&](const fs::path& folder) {
    return std::ranges::any_of(
        wanted, [&](const WantedFile& file) { return find_file(folder, file).has_value(); });
  });
  return found == folders.end() ? nullptr : &*found;
}

/// "; found '/data/cifar-10-binary.tar.gz': unpack it" for each hint that applies.
std::string hints_text(const std::vector<fs::path>& folders, const std::vector<DataHint>& hints) {
  std::string text;
  for (const DataHint& hint : hints) {
    for (const fs::path& folder : folders) {
      const fs::path path = folder.filename() == hint.name ? folder : folder / hint.name;
      std::error_code ignored;
      if (!fs::exists(path, ignored)) continue;
      text += fmt::format("; found '{}': {}", path.string(), hint.remedy);
      break;
    }
  }
  return text;
}

[[noreturn]] void refuse_nowhere(const DatasetConfig& config, const DataPlaces& places) {
  const std::vector<fs::path> folders = data_folders(config, places);
  const std::string remedy =
      fmt::format("{}; {}", hints_text(folders, places.hints), places.how_to_get);
  std::error_code ignored;
  if (!config.root.empty() && fs::is_regular_file(config.root, ignored)) {
    throw DataNotFound(
        fmt::format("dataset.root: '{}' is a file, expected the folder that holds those of '{}'{}",
                    config.root,
                    config.name,
                    remedy));
  }
  std::vector<std::string> looked_at;
  for (const fs::path& folder : folders) looked_at.push_back("'" + folder.string() + "'");
  const std::string where = folders.empty() ? "dataset.root or HEADWAY_DATA, which are not set"
                                            : fmt::format("{}", fmt::join(looked_at, ", "));
  const bool has_root = !config.root.empty();
  throw DataNotFound(
      fmt::format("{}: found no files of '{}', expected them in {}{}{}",
                  has_root ? "dataset.root" : "dataset.name",
                  config.name,
                  where,
                  remedy,
                  has_root ? " (HEADWAY_DATA counts only where dataset.root is not set)" : ""));
}

}  // namespace

std::vector<fs::path> data_folders(const DatasetConfig& config, const DataPlaces& places) {
  std::vector<fs::path> folders;
  if (!config.root.empty()) {
    add_folders(folders, config.root, places.folder_names);
    return folders;
  }
  if (const auto root = data_directory()) add_folders(folders, *root, places.folder_names);
  if (!places.system_folder.empty()) folders.push_back(places.system_folder);
  return folders;
}

std::optional<fs::path> find_data_file(const DatasetConfig& config,
                                       const DataPlaces& places,
                                       const WantedFile& wanted) {
  for (const fs::path& folder : data_folders(config, places)) {
    if (auto path = find_file(folder, wanted)) return path;
  }
  return std::nullopt;
}

std::vector<fs::path> find_data_files(const DatasetConfig& config,
                                      const DataPlaces& places,
                                      const std::vector<WantedFile>& wanted) {
  const std::vector<fs::path> folders = data_folders(config, places);
  const fs::path* const folder = folder_with_any(folders, wanted);
  if (folder == nullptr) refuse_nowhere(config, places);
  std::vector<fs::path> files;
  std::vector<std::string> missing;
  for (const WantedFile& file : wanted) {
    if (auto path = find_file(*folder, file)) {
      expect_regular_file(*path);
      files.push_back(std::move(*path));
    } else {
      missing.push_back("'" + file.front() + "'");
    }
  }
  if (missing.empty()) return files;
  throw ConfigError(fmt::format("{}: found {} of the {} data files, expected also {} (or .gz)",
                                folder->string(),
                                files.size(),
                                wanted.size(),
                                fmt::join(missing, ", ")));
}

}  // namespace headway
