#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace headway {

/// What happens around a wait for room on the disk.
struct RetryWhileDiskFull {
  std::function<void(const std::string& what)> began = [](const std::string&) {};
  std::function<void()> ended = [] {};
  std::function<bool()> give_up = [] { return false; };
  std::chrono::milliseconds between_tries{500};
};

/// Does `action`; when the disk is full, waits a little and does it again, until it succeeds. When
/// asked to give up, the DiskFullError is passed on.
void retry_while_disk_full(const std::function<void()>& action, const RetryWhileDiskFull& options);

}  // namespace headway
