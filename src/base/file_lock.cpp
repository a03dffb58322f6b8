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

bool wait_in_silence(int fd, Clock::time_point end) {
  while (Clock::now() < end) {
    std::this_thread::sleep_for(kBetweenTries);
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  }
  return false;
}

void wait_and_say(int fd, const std::filesystem::path& path, const LockWait& wait) {
  if (wait_in_silence(fd, Clock::now() + wait.in_silence)) return;
  const auto say = [&](const std::string& text) {
    if (wait.say) {
      wait.say(text);
    } else {
      log_warning("{}", text);
    }
  };
  do {
    const std::string what =
        fmt::format("the lock {}, which {} holds", in_quotes(path.string()), lock_holder(fd));
    const AwaitedLock shown(what);
    say("waiting for " + what);
    if (wait_in_silence(fd, Clock::now() + kBetweenWords)) break;
  } while (true);
  say(fmt::format("the lock {} is free: going on", in_quotes(path.string())));
}

}  // namespace

bool lock_exclusively(int fd, const std::filesystem::path& path, const LockWait& wait) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOLCK || errno == EOPNOTSUPP) return false;
    if (errno != EWOULDBLOCK) throw_errno("flock", path.string());
    wait_and_say(fd, path, wait);
    break;
  }
  return true;
}

std::string lock_holder(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return "another process";
  const auto pid = holder_in_proc_locks(info);
  if (!pid) return "another process";
  const bool is_stopped = status_line(*pid, "State").starts_with("T");
  return fmt::format("process {} ({}{})",
                     *pid,
                     printable(status_line(*pid, "Name")),
                     is_stopped ? ", stopped" : "");
}

std::string awaited_lock() {
  const std::scoped_lock guard(awaited_mutex);
  return awaited.empty() ? "" : awaited.front();
}

}  // namespace headway
