#include "data/readers/idx_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/environment.h"
#include "base/errors.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> find_file(const fs::path& folder,
                                  const std::string& stem,
                                  char dimensions) {
  for (const char* separator : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      fs::path path =
          folder / fmt::format("{}{}idx{}-ubyte{}", stem, separator, dimensions, ending);
      std::error_code ignored;
      if (fs::is_regular_file(path, ignored)) return path;
    }
  }
  return std::nullopt;
}

// Nothing when the folder has none of the files; ConfigError when it has some.
std::optional<IdxFiles> files_in(const fs::path& folder) {
  struct Wanted {
    std::string stem;
    char dimensions;
    fs::path IdxFiles::*file;
  };
  const std::vector<Wanted> wanted = {{"train-images", '3', &IdxFiles::train_images},
                                      {"train-labels", '1', &IdxFiles::train_labels},
                                      {"t10k-images", '3', &IdxFiles::test_images},
                                      {"t10k-labels", '1', &IdxFiles::test_labels}};
  IdxFiles files;
  std::vector<std::string> missing;
  for (const auto& [stem, dimensions, file] : wanted) {
    if (const auto path = find_file(folder, stem, dimensions)) {
      files.*file = *path;
    } else {
      missing.push_back(fmt::format("'{}-idx{}-ubyte'", stem, dimensions));
    }
  }
  if (missing.size() == wanted.size()) return std::nullopt;
  if (missing.empty()) return files;
  throw ConfigError(fmt::format("{}: found {} of the 4 data files, expected also {} (or .gz)",
                                folder.string(),
                                wanted.size() - missing.size(),
                                fmt::join(missing, ", ")));
}

void add_folders(std::vector<fs::path>& folders,
                 const fs::path& root,
                 const std::vector<std::string>& names) {
  folders.push_back(root);
  for (const std::string& name : names) folders.push_back(root / name);
}

}  // namespace

std::vector<fs::path> idx_folders(const DatasetConfig& config, const IdxPlaces& places) {
  std::vector<fs::path> folders;
  if (!config.root.empty()) {
    add_folders(folders, config.root, places.folder_names);
    return folders;
  }
  if (const auto root = data_directory()) add_folders(folders, *root, places.folder_names);
  folders.push_back(places.system_folder);
  return folders;
}

IdxFiles find_idx_files(const DatasetConfig& config, const IdxPlaces& places) {
  const std::vector<fs::path> folders = idx_folders(config, places);
  for (const fs::path& folder : folders) {
    if (const auto files = files_in(folder)) return *files;
  }
  std::vector<std::string> looked_at;
  for (const fs::path& folder : folders) looked_at.push_back("'" + folder.string() + "'");
  throw ConfigError(fmt::format("dataset.name: found no files of '{}', expected them in {}; {}",
                                config.name,
                                fmt::join(looked_at, ", "),
                                places.how_to_get));
}

}  // namespace headway
