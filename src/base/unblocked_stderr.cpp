#include "base/unblocked_stderr.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <streambuf>
#include <string>
#include <thread>
#include <utility>

#include "base/signals.h"
#include "base/text.h"

namespace headway {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{1} << 18;
constexpr std::chrono::seconds kPatience{2};  // with a reader that does not read, at the end

}  // namespace

/// Texts on their way to a descriptor.
class UnblockedStandardError::Queue {
 public:
  explicit Queue(int fd) : fd_(fd) {}

  void add(std::string_view text) {
    const std::scoped_lock guard(mutex_);
    if (waiting_.size() + text.size() > kMostWaiting) {
      ++dropped_;
    } else {
      waiting_ += text;
    }
    changed_.notify_all();
  }

  /// The thread's work: writes what waits until it is told to end.
  void write_until_closed() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_closed_ || !waiting_.empty(); });
      if (waiting_.empty()) break;
      std::string text = std::exchange(waiting_, "");
      if (const std::size_t dropped = std::exchange(dropped_, 0); dropped > 0) {
        text += fmt::format("({} left out here: nobody read standard error)\n",
                            counted(dropped, "message"));
      }
      lock.unlock();
      write(text);
      lock.lock();
    }
    is_drained_ = true;
    changed_.notify_all();
  }

  /// Waits for the thread to have written all, as long as it comes forward.
  void close() {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
    for (std::size_t seen = written_ + 1; !is_drained_ && seen != written_;) {
      seen = written_;
      changed_.wait_for(lock, kPatience, [this] { return is_drained_; });
    }
  }

 private:
  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(fd_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno != EAGAIN) return;  // nobody can be told
      if (count < 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        continue;
      }
      text.remove_prefix(static_cast<std::size_t>(count));
      const std::scoped_lock guard(mutex_);
      written_ += static_cast<std::size_t>(count);
    }
  }

  int fd_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::string waiting_;
  std::size_t dropped_ = 0;  // messages, since the last that was written
  std::size_t written_ = 0;  // bytes
  bool is_closed_ = false;
  bool is_drained_ = false;
};

class UnblockedStandardError::Buffer : public std::streambuf {
 public:
  explicit Buffer(Queue& queue) : queue_(queue) {}

 protected:
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    queue_.add({text, static_cast<std::size_t>(count)});
    return count;
  }
  int_type overflow(int_type character) override {
    if (traits_type::eq_int_type(character, traits_type::eof())) return 0;
    const char text = traits_type::to_char_type(character);
    queue_.add({&text, 1});
    return character;
  }

 private:
  Queue& queue_;
};

UnblockedStandardError::UnblockedStandardError()
    : UnblockedStandardError(std::cerr, STDERR_FILENO) {}

UnblockedStandardError::UnblockedStandardError(std::ostream& stream, int fd)
    : stream_(stream),
      queue_(std::make_shared<Queue>(fd)),
      buffer_(std::make_unique<Buffer>(*queue_)),
      before_(stream.rdbuf(buffer_.get())) {
  const AllSignalsBlocked inherited_by_thread;
  std::thread([queue = queue_] { queue->write_until_closed(); }).detach();
}

UnblockedStandardError::~UnblockedStandardError() {
  queue_->close();
  stream_.rdbuf(before_);
}

}  // namespace headway
