#include "base/file_lock.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <list>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "base/errors.h"
#include "base/logging.h"
#include "base/text.h"

namespace headway {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenTries{50};
constexpr std::chrono::minutes kBetweenWords{1};

std::mutex awaited_mutex;
std::list<std::string> awaited;  // of all threads

/// Shows for as long as it lives what this thread waits for.
class AwaitedLock {
 public:
  explicit AwaitedLock(const std::string& what) {
    const std::scoped_lock guard(awaited_mutex);
    place_ = awaited.insert(awaited.end(), what);
  }
  AwaitedLock(const AwaitedLock&) = delete;
  AwaitedLock& operator=(const AwaitedLock&) = delete;
  ~AwaitedLock() {
    const std::scoped_lock guard(awaited_mutex);
    awaited.erase(place_);
  }

 private:
  std::list<std::string>::iterator place_;
};

// "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF"; those that wait have "->" behind the number. On
// some file systems (overlayfs, btrfs) stat tells another device than the kernel notes here.
std::optional<int> holder_in_proc_locks(const struct stat& file) {
  std::ifstream locks("/proc/locks");
  const std::string device = fmt::format("{:02x}:{:02x}:", major(file.st_dev), minor(file.st_dev));
  const std::string inode = fmt::format(":{}", file.st_ino);
  std::optional<int> found;
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number;
    std::string kind;
    std::string advisory;
    std::string access;
    int pid = 0;
    std::string place;
    if (!(words >> number >> kind >> advisory >> access >> pid >> place)) continue;
    if (kind != "FLOCK" || pid <= 0 || !place.ends_with(inode)) continue;
    if (place.starts_with(device)) return pid;
    found = pid;
  }
  return found;
}

std::string status_line(int pid, const std::string& key) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":\t")) return line.substr(key.size() + 2);
  }
  return "";
}

/// Nothing while the lock is still to be waited for.
std::optional<LockOutcome> wait_in_silence(int fd, Clock::duration time, const LockWait& wait) {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) {
    if (wait.give_up()) return LockOutcome::kGivenUp;
    std::this_thread::sleep_for(kBetweenTries);
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return LockOutcome::kTaken;
  }
  return std::nullopt;
}

LockOutcome wait_and_say(int fd, const std::filesystem::path& path, const LockWait& wait) {
  if (const auto outcome = wait_in_silence(fd, wait.in_silence, wait)) return *outcome;
  const auto say = [&](const std::string& text) {
    if (wait.say) {
      wait.say(text);
    } else {
      log_warning("{}", text);
    }
  };
  while (true) {
    const std::string what =
        fmt::format("the lock {}, which {} holds", in_quotes(path.string()), lock_holder(fd));
    const AwaitedLock shown(what);
    say("waiting for " + what);
    const auto outcome = wait_in_silence(fd, kBetweenWords, wait);
    if (!outcome) continue;
    if (*outcome == LockOutcome::kTaken) {
      say(fmt::format("the lock {} is free: going on", in_quotes(path.string())));
    }
    return *outcome;
  }
}

}  // namespace

LockOutcome lock_exclusively(int fd, const std::filesystem::path& path, const LockWait& wait) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOLCK || errno == EOPNOTSUPP) return LockOutcome::kUnsupported;
    if (errno != EWOULDBLOCK) throw_errno("flock", path.string());
    return wait_and_say(fd, path, wait);
  }
  return LockOutcome::kTaken;
}

std::string lock_holder(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return "another process";
  const auto pid = holder_in_proc_locks(info);
  if (!pid) return "another process";
  const std::string name = status_line(*pid, "Name");
  // Its descriptor lives on in a process that it has started; /proc/locks names who took the lock.
  if (name.empty()) return fmt::format("a process that process {}, gone by now, started", *pid);
  const bool is_stopped = status_line(*pid, "State").starts_with("T");
  return fmt::format("process {} ({}{})", *pid, printable(name), is_stopped ? ", stopped" : "");
}

std::string awaited_lock() {
  const std::scoped_lock guard(awaited_mutex);
  return awaited.empty() ? "" : awaited.front();
}

}  // namespace headway
