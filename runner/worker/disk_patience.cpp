#include "runner/worker/disk_patience.h"

#include <chrono>
#include <thread>

#include "base/errors.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kBetweenTries{500};

// The error's text; "" when the action succeeded.
std::string full_disk(const std::function<void()>& action, bool give_up) {
  try {
    action();
    return "";
  } catch (const DiskFullError& error) {
    if (give_up) throw;
    return error.what();
  }
}

}  // namespace

void with_disk_patience(const std::function<void()>& action, const DiskPatience& patience) {
  bool waiting = false;
  for (;;) {
    const std::string what = full_disk(action, patience.give_up());
    if (what.empty()) break;
    if (!waiting) patience.began(what);
    waiting = true;
    std::this_thread::sleep_for(kBetweenTries);
  }
  if (waiting) patience.ended();
}

}  // namespace headway
