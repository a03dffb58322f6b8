#include "base/background_job.h"

#include <chrono>
#include <utility>

#include "base/errors.h"
#include "base/logging.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kLongestSleep{200};

}  // namespace

BackgroundJob::~BackgroundJob() {
  try {
    if (const std::exception_ptr error = wait()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    log_error("{}", error.what());
  }
}

void BackgroundJob::start(std::function<void()> job) {
  expects(!thread_.joinable(), "one background job at a time");
  is_done_ = false;
  thread_ = std::thread([this, job = std::move(job)] {
    try {
      job();
    } catch (...) {
      error_ = std::current_exception();
      failed_.store(true);
    }
    const std::scoped_lock guard(mutex_);
    is_done_ = true;
    done_.notify_one();
  });
}

std::exception_ptr BackgroundJob::wait() {
  if (thread_.joinable()) {
    std::unique_lock lock(mutex_);
    while (!done_.wait_for(lock, kLongestSleep, [this] { return is_done_; })) {
    }
    lock.unlock();
    thread_.join();
  }
  failed_.store(false);
  return std::exchange(error_, nullptr);
}

}  // namespace headway
