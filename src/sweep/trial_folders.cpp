#include "sweep/trial_folders.h"

#include <optional>
#include <string>
#include <system_error>

#include "base/errors.h"
#include "base/text.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

/// What is in `folder`, nothing where there is none. Nothing at all, and a problem more, when it is
/// no folder that one can look into.
std::optional<std::vector<fs::path>> entries(const fs::path& folder,
                                             std::vector<FsckProblem>& problems) {
  const auto problem = [&](FsckFinding finding, const std::string& why) {
    problems.push_back({folder.string(), "cannot be used: " + why, finding});
    return std::nullopt;
  };
  std::error_code unknown;
  const fs::file_status status = fs::status(folder, unknown);
  if (status.type() == fs::file_type::not_found) return std::vector<fs::path>();
  if (unknown) return problem(FsckFinding::kUnchecked, unknown.message());
  if (!fs::is_directory(status)) return problem(FsckFinding::kRemark, "it is no directory");
  std::vector<fs::path> found;
  for (fs::directory_iterator entry(folder, unknown), end; !unknown && entry != end;
       entry.increment(unknown)) {
    found.push_back(entry->path());
  }
  if (unknown) return problem(FsckFinding::kUnchecked, unknown.message());
  return found;
}

}  // namespace

std::vector<TrialId> usable_trial_folders(const fs::path& all,
                                          const std::function<fs::path(const TrialId&)>& folder_of,
                                          std::vector<FsckProblem>& problems) {
  std::vector<TrialId> usable;
  for (const fs::path& candidate : entries(all, problems).value_or(std::vector<fs::path>())) {
    const auto id = TrialId::from(candidate.filename().string());
    if (!id) continue;
    try {
      if (entries(folder_of(*id), problems)) usable.push_back(*id);
    } catch (const EnvironmentError& error) {  // a link that leads out of the sweep
      const std::string why = without_prefix(error.what(), candidate.string() + ": ");
      problems.push_back({candidate.string(), "cannot be used: " + why, FsckFinding::kRemark});
    }
  }
  return usable;
}

}  // namespace headway
