#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/errors.h"

namespace headway {

/// The wait for room ended by a request to stop: what was to be written is not, and nothing is
/// wrong with who wanted to write it.
class StoppedOnFullDisk : public DiskFullError {
 public:
  using DiskFullError::DiskFullError;
};

/// What happens around a wait for room on the disk.
struct RetryWhileDiskFull {
  std::function<void(const std::string& what)> began = [](const std::string&) {};
  std::function<void()> ended = [] {};
  std::function<bool()> give_up = [] { return false; };
  std::chrono::milliseconds between_tries{500};
};

/// Does `action`; when the disk is full, waits a little and does it again, until it succeeds. When
/// asked to give up, throws StoppedOnFullDisk.
void retry_while_disk_full(const std::function<void()>& action, const RetryWhileDiskFull& options);

}  // namespace headway
