#include "runner/supervisor/place_check.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/sweep_layout.h"
#include "store/sql/sqlite_dialect.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

// `kind`: of S_IFMT.
void expect_kind(const fs::path& path, mode_t kind, const char* name) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & S_IFMT) == kind) return;
  throw EnvironmentError(fmt::format(
      "{}: found {}, expected {}; move it away", path.string(), kind_of_file(info.st_mode), name));
}

void expect_folder(const fs::path& path) {
  expect_kind(path, S_IFDIR, "a directory");
}

void expect_results_store(const SweepLayout& layout) {
  for (const auto& file : sqlite_files(layout.database())) expect_kind(file, S_IFREG, "a file");
}

// Of many trials: the folder itself mostly tells what its entries are.
void expect_folder_of_trials(const fs::path& folder) {
  expect_folder(folder);
  std::error_code none;
  fs::directory_iterator entry(folder, none);
  for (; !none && entry != fs::directory_iterator(); entry.increment(none)) {
    std::error_code gone;
    if (entry->is_directory(gone) || gone) continue;
    if (TrialId::from(entry->path().filename().string())) expect_folder(entry->path());
  }
}

}  // namespace

void expect_places_of_sweep(const fs::path& sweep_directory) {
  const SweepLayout layout(sweep_directory);
  expect_folder(layout.logs());
  expect_folder_of_trials(layout.root() / "artifacts");
  expect_folder_of_trials(layout.checkpoints());
  expect_results_store(layout);
}

void expect_places_of_evaluation(const fs::path& sweep_directory, const std::string& suite) {
  const SweepLayout layout(sweep_directory);
  expect_folder(layout.logs());
  expect_folder(layout.evaluations());
  expect_folder(layout.evaluation(suite));
  expect_folder_of_trials(SweepLayout(layout.evaluation(suite)).checkpoints());
  expect_results_store(layout);
}

}  // namespace headway
