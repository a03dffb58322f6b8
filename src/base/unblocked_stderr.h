#pragma once

#include <iosfwd>
#include <memory>

namespace headway {

/// While it lives, a thread of its own passes on what is written to `stream`: whoever does not read
/// it (a full pipe, a stopped terminal) blocks nobody else. What finds no room among the texts that
/// wait is dropped, and how much that was is said as soon as there is room. At its end it waits for
/// the reader as long as that goes on reading, and a moment more.
class UnblockedStandardError {
 public:
  /// Of std::cerr, where log lines go too. `stream` must outlive this.
  UnblockedStandardError();
  UnblockedStandardError(std::ostream& stream, int fd);
  UnblockedStandardError(const UnblockedStandardError&) = delete;
  UnblockedStandardError& operator=(const UnblockedStandardError&) = delete;
  ~UnblockedStandardError();

 private:
  class Queue;
  class Buffer;

  std::ostream& stream_;
  std::shared_ptr<Queue> queue_;  // the thread's too: it may be left in a write that never ends
  std::unique_ptr<Buffer> buffer_;
  std::streambuf* before_;
};

}  // namespace headway
