#include "store/sql/fsck_findings.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/files.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "store/sql/results_store.h"

namespace headway {

void FsckFindings::guard(const std::filesystem::path& file, const std::function<void()>& check) {
  try {
    check();
  } catch (const DatabaseError& error) {
    find(error.kind() == SqlErrorKind::kDamaged ? FsckFinding::kDamage : FsckFinding::kUnchecked,
         file.string(),
         error.what());
  } catch (const StoreError& error) {
    damage(file.string(), error.what());
  } catch (const ConfigError& error) {
    damage(file.string(), error.what());
  } catch (const UnfitFileError& error) {
    damage(file.string(), error.what());
  } catch (const StrayLinkError& error) {
    if (stray_links_.insert(error.path()).second) damage(error.path().string(), error.what());
  } catch (const std::runtime_error& error) {
    find(FsckFinding::kUnchecked, file.string(), error.what());
  }
}

bool FsckFindings::is_sound() const {
  return std::ranges::none_of(
      problems_, [](const FsckProblem& one) { return one.finding == FsckFinding::kDamage; });
}

void FsckFindings::find(FsckFinding finding, std::string where, std::string message) {
  message = without_prefix(std::move(message), where + ": ");  // most errors begin so, too
  problems_.push_back({std::move(where), std::move(message), finding});
}

void FsckFindings::add(std::vector<FsckProblem> problems) {
  for (FsckProblem& one : problems) problems_.push_back(std::move(one));
}

}  // namespace headway
