#include "base/retry_while_disk_full.h"

#include <cerrno>
#include <filesystem>
#include <thread>
namespace headway {
namespace {

// The error's text; "" when the action succeeded.
std::string full_disk(const std::function<void()>& action, bool give_up) {
  try {
    action();
    return "";
  } catch (const DiskFullError& error) {
    if (give_up) throw StoppedOnFullDisk(error.what());
    return error.what();
  } catch (const std::filesystem::filesystem_error& error) {
    const int reason = error.code().value();
    if (reason != ENOSPC && reason != EDQUOT) throw;
    if (give_up) throw StoppedOnFullDisk(error.what());
    return error.what();
  }
}

}  // namespace

void retry_while_disk_full(const std::function<void()>& action, const RetryWhileDiskFull& options) {
  bool waiting = false;
  for (;;) {
    const std::string what = full_disk(action, options.give_up());
    if (what.empty()) break;
    if (!waiting) options.began(what);
    waiting = true;
    std::this_thread::sleep_for(options.between_tries);
  }
  if (waiting) options.ended();
}

}  // namespace headway
