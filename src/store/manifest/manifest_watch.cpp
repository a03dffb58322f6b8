#include "store/manifest/manifest_watch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "store/manifest/manifest_lines.h"

namespace headway {
namespace {

// "" when there is no such file.
std::string version_of(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return "";
  return fmt::format("{} {} {} {}.{:09}",
                     info.st_dev,
                     info.st_ino,
                     info.st_size,
                     info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

}  // namespace

ManifestWatch::ManifestWatch(std::filesystem::path sweep_directory)
    : file_(SweepLayout(std::move(sweep_directory)).trials_file()) {}

void ManifestWatch::refresh() {
  std::string version = version_of(file_);
  if (version.empty() || version == version_) return;
  try {
    std::unordered_set<TrialId> ids;
    for (const PlannedTrial& trial : read_manifest_lines(file_)) ids.insert(trial.trial_id);
    ids_ = std::move(ids);
    was_read_ = true;
  } catch (const EnvironmentError&) {
    return;
  }
  version_ = std::move(version);
}

}  // namespace headway
