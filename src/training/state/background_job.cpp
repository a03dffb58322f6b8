#include "training/state/background_job.h"

#include <utility>

#include "base/errors.h"
#include "base/logging.h"

namespace headway {

BackgroundJob::~BackgroundJob() {
  try {
    if (const std::exception_ptr error = wait()) std::rethrow_exception(error);
  } catch (const std::exception& error) {
    log_error("{}", error.what());
  }
}

void BackgroundJob::start(std::function<void()> job) {
  expects(!thread_.joinable(), "one background job at a time");
  thread_ = std::thread([this, job = std::move(job)] {
    try {
      job();
    } catch (...) {
      error_ = std::current_exception();
      failed_.store(true);
    }
  });
}

std::exception_ptr BackgroundJob::wait() {
  if (thread_.joinable()) thread_.join();
  failed_.store(false);
  return std::exchange(error_, nullptr);
}

}  // namespace headway
