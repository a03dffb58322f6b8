#include "scheduling/claims/heartbeat.h"

#include <condition_variable>
#include <utility>

#include "base/file_lock.h"

namespace headway {

Heartbeat::Heartbeat(Claim& claim, Progress progress, std::chrono::milliseconds interval)
    : claim_(claim), interval_(interval), progress_(std::move(progress)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { beat_until_done(stop); });
}

Heartbeat::~Heartbeat() {
  thread_.request_stop();
  thread_.join();
}

void Heartbeat::set_progress(const Progress& progress) {
  const std::scoped_lock guard(mutex_);
  progress_ = progress;
}

void Heartbeat::set_waiting_for_disk(bool waiting) {
  const std::scoped_lock guard(mutex_);
  is_waiting_ = waiting;
}

void Heartbeat::beat_until_done(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    wake.wait_for(lock, stop, interval_, [] { return false; });
    Progress progress;
    {
      const std::scoped_lock guard(mutex_);
      progress = progress_;
      if (is_waiting_) progress.phase = kWaitingForDisk;
    }
    if (const std::string awaited = awaited_lock(); !awaited.empty()) {
      progress.phase = kWaitingFor + awaited;
    }
    claim_.beat(progress);
    if (claim_.fenced()) fenced_.store(true);
    if (claim_.cancel_asked()) cancel_asked_.store(true);
  }
}

}  // namespace headway
