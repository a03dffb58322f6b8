#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace headway {

/// Runs jobs on a thread of its own, one at a time.
class BackgroundJob {
 public:
  BackgroundJob() = default;
  BackgroundJob(const BackgroundJob&) = delete;
  BackgroundJob& operator=(const BackgroundJob&) = delete;
  /// Waits; an error that nobody waited for is logged.
  ~BackgroundJob();

  /// The job before must have been waited for.
  void start(std::function<void()> job);
  /// Whether the job is known to have failed; does not wait.
  bool has_failed() const { return failed_.load(); }
  /// Waits for the job, if there is one; what it threw, or null. The waiting thread does not sleep
  /// for long at a time: whoever watches it sees that it is not stuck while a slow disk is.
  std::exception_ptr wait();

 private:
  std::thread thread_;
  std::exception_ptr error_;  // the thread's until it is joined
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // guards is_done_
  std::condition_variable done_;
  bool is_done_ = false;
};

}  // namespace headway
