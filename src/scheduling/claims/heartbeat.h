#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "scheduling/claims/claims.h"

namespace headway {

/// Beats a claim at an interval, from a thread of its own, for as long as it lives. Each beat also
/// looks whether a higher attempt fenced the claim off and whether someone cancelled it.
class Heartbeat {
 public:
  /// `claim` must outlive it.
  explicit Heartbeat(Claim& claim,
                     Progress progress = {},
                     std::chrono::milliseconds interval = std::chrono::seconds(1));
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat();

  /// What the next beat tells. Thread-safe.
  void set_progress(const Progress& progress);
  /// While true, beats say that the owner waits for room on the disk.
  void set_waiting_for_disk(bool waiting);
  // As of the last beat.
  bool fenced() const { return fenced_.load(); }
  bool cancel_asked() const { return cancel_asked_.load(); }

 private:
  void beat_until_done(const std::stop_token& stop);

  Claim& claim_;
  std::chrono::milliseconds interval_;
  std::mutex mutex_;  // guards the next two
  Progress progress_;
  bool is_waiting_ = false;
  std::atomic<bool> fenced_{false};
  std::atomic<bool> cancel_asked_{false};
  std::jthread thread_;
};

}  // namespace headway
