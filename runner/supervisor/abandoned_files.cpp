#include "runner/supervisor/abandoned_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cache_folder.h"
#include "base/environment.h"
#include "base/files.h"
#include "base/host.h"
#include "base/logging.h"
#include "base/signals.h"
#include "base/temporary_files.h"
#include "base/time.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr auto kAbandonedAfter = std::chrono::hours(24);
constexpr double kMostSeconds = 5;
constexpr std::size_t kIdDigits = 32;
constexpr int kAllLevels = 100;

/// What stands around the last random_id() of a name.
struct AroundId {
  std::string_view before;
  std::string_view after;
};

std::optional<AroundId> around_id(std::string_view name) {
  for (std::size_t end = name.size(); end >= kIdDigits; --end) {
    const std::size_t begin = end - kIdDigits;
    const auto id = name.substr(begin, kIdDigits);
    if (id.find_first_not_of("0123456789abcdef") == std::string_view::npos) {
      return AroundId{name.substr(0, begin), name.substr(end)};
    }
  }
  return std::nullopt;
}

// A database comes with its journals.
bool is_database(std::string_view after, std::string_view extension) {
  constexpr std::array<std::string_view, 4> kSuffixes{"", "-journal", "-wal", "-shm"};
  if (!after.starts_with(extension)) return false;
  return std::ranges::find(kSuffixes, after.substr(extension.size())) != kSuffixes.end();
}

bool is_half_made(std::string_view name) {
  const auto around = around_id(name);
  if (!around) return false;
  const auto [before, after] = *around;
  const bool replaces = before.starts_with('.') && before.ends_with('.') && after == ".tmp";
  const bool is_claim = before == ".prepared-" && after.empty();
  return replaces || is_claim || (before == "results.sqlite." && is_database(after, ".tmp"));
}

bool is_scratch_database(std::string_view name) {
  const auto around = around_id(name);
  return around && around->before == "headway-fsck-" && is_database(around->after, ".sqlite");
}

struct Search {
  fs::path folder;
  int levels = 0;  // of folders below it
  bool (*is_wanted)(std::string_view name) = is_half_made;
};

/// Files and folders, those that lie least deep first. No link is followed.
std::vector<fs::path> wanted_in(const Search& search, const std::stop_token& stop) {
  const double deadline = monotonic_seconds() + kMostSeconds;
  const auto is_over = [&] { return stop.stop_requested() || monotonic_seconds() > deadline; };
  std::vector<fs::path> wanted;
  std::deque<Search> folders{search};
  for (; !folders.empty() && !is_over(); folders.pop_front()) {
    const Search here = folders.front();
    std::error_code none;
    fs::directory_iterator entry(here.folder, none);
    for (; !none && entry != fs::directory_iterator(); entry.increment(none)) {
      std::error_code gone;
      const fs::file_type type = entry->symlink_status(gone).type();
      if (type != fs::file_type::regular && type != fs::file_type::directory) continue;
      if (here.is_wanted(entry->path().filename().string())) {
        wanted.push_back(entry->path());
      } else if (type == fs::file_type::directory && here.levels > 0) {
        folders.push_back({entry->path(), here.levels - 1, here.is_wanted});
      }
    }
  }
  return wanted;
}

/// Of the machine that holds the files, which may differ from ours.
std::optional<fs::file_time_type> time_at(const fs::path& folder) {
  const fs::path probe = folder / fmt::format(".{}.tmp", random_id());
  const FileDescriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.is_open()) return std::nullopt;
  std::error_code unknown;
  const auto time = fs::last_write_time(probe, unknown);
  ::unlink(probe.c_str());
  return unknown ? std::nullopt : std::optional(time);
}

void remove_old(const Search& search, const std::stop_token& stop) {
  const std::vector<fs::path> wanted = wanted_in(search, stop);
  if (wanted.empty()) return;
  const auto now = time_at(search.folder);
  if (!now) return;
  for (const fs::path& path : wanted) {
    std::error_code gone;
    const auto written = fs::last_write_time(path, gone);
    if (!gone && *now - written > kAbandonedAfter) fs::remove_all(path, gone);
  }
}

void tell(const std::exception& error) {
  log_warning("files of dead processes stay: {}", error.what());
}

}  // namespace

AbandonedFilesRemoval::AbandonedFilesRemoval(const fs::path& sweep_directory) {
  try {
    std::vector<Search> searches{{sweep_directory, kAllLevels}};
    if (!distrust_of_cache()) searches.push_back({cache_directory(), /*levels=*/1});
    searches.push_back({any_temporary_directory(), /*levels=*/0, is_scratch_database});
    const AllSignalsBlocked inherited_by_thread;
    job_.start([searches = std::move(searches), stop = stop_.get_token()] {
      for (const Search& search : searches) remove_old(search, stop);
    });
  } catch (const std::runtime_error& error) {  // of std::filesystem and std::thread, too
    tell(error);
  }
}

AbandonedFilesRemoval::~AbandonedFilesRemoval() {
  stop_.request_stop();
  wait();
}

void AbandonedFilesRemoval::wait() {
  try {
    if (const std::exception_ptr error = job_.wait()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    tell(error);
  }
}

}  // namespace headway
