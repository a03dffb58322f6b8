#include "runner/worker/recording_sink.h"

#include <fmt/format.h>

#include <cmath>
#include <iostream>

#include "base/exit_code.h"
#include "base/failure.h"
#include "base/files.h"
#include "base/host.h"
#include "base/logging.h"
#include "base/retry_while_disk_full.h"
#include "base/sweep_layout.h"
#include "base/time.h"
#include "base/watched_folder.h"
#include "runner/worker/epoch_line.h"
#include "runner/worker/stop_request.h"

namespace headway {
RecordedValues recorded_values(const SplitMetrics& metrics) {
  RecordedValues recorded;
  for (const auto& [split, values] : metrics) {
    for (const Metric& metric : values) {
      const bool is_defined = std::isfinite(metric.value);
      recorded[split][metric.name] = is_defined ? std::optional(metric.value) : std::nullopt;
    }
  }
  return recorded;
}

MissingReasons missing_reasons(const SplitMetrics& metrics) {
  MissingReasons reasons;
  for (const auto& [split, values] : metrics) {
    for (const Metric& metric : values) {
      if (!metric.missing_reason.empty()) reasons[split][metric.name] = metric.missing_reason;
    }
  }
  return reasons;
}

RecordingSink::RecordingSink(SegmentWriter& segment,
                             Claim& claim,
                             GroupContext& group,
                             std::int64_t epochs)
    : segment_(segment),
      claim_(claim),
      group_(group),
      start_(monotonic_seconds()),
      progress_{.epochs = epochs, .phase = kLoading},
      heartbeat_(claim, progress_) {
  const auto log = SweepLayout(group.settings.sweep_directory).trial_log(claim.trial_id());
  make_last_directories(log.parent_path(), 2, Durability::kAtomicOnly);
  // To open a pipe would wait for its reader.
  std::error_code absent;
  const auto there = std::filesystem::symlink_status(log, absent);
  if (!std::filesystem::exists(there) || std::filesystem::is_regular_file(there)) {
    log_.open(log, std::ios::app);
  } else {
    log_warning("{}: no regular file; nothing is logged there", log.string());
  }
  group_.budget.begin_trial(start_);
}

void RecordingSink::log(const std::string& line) {
  log_.clear();  // a disk that was full may have room again
  log_ << utc_timestamp() << ' ' << line << std::endl;
  if (group_.settings.verbose) log_info("{} {}", claim_.trial_id(), line);
}

void RecordingSink::wait_out_full_disk(const std::function<void()>& action) {
  const auto began = [&](const std::string& what) {
    if (stuck_at_step_) return;
    stuck_at_step_ = progress_.step;
    heartbeat_.set_waiting_for_disk(true);
    log_warning(
        "trial {}: {}; nothing is lost: waiting until there is room", claim_.trial_id(), what);
  };
  retry_while_disk_full(
      action, {.began = began, .ended = [this] { found_room(); }, .give_up = stop_requested});
}

void RecordingSink::found_room() {
  if (!stuck_at_step_) return;
  stuck_at_step_ = std::nullopt;
  heartbeat_.set_waiting_for_disk(false);
  log("there is room on the disk again: going on");
  log_warning("trial {}: there is room again", claim_.trial_id());
}

void RecordingSink::started(std::int64_t resumed_from_step, const std::string& precision) {
  append(AttemptStarted{.trial_id = claim_.trial_id(),
                        .attempt = claim_.attempt(),
                        .group = group_.settings.group,
                        .host = host_name(),
                        .device = group_.settings.device,
                        .world_size = group_.world_size,
                        .threads_per_rank = group_.settings.threads_per_rank,
                        .precision = precision,
                        .resumed_from_step = resumed_from_step,
                        .data_sha256 = data_.sha256,
                        .data_folder = data_.folder},
         Flush::kNow);
  claim_.beat(progress_);
  log(fmt::format("attempt {} on {} ({}, {} rank{}, {}) {}",
                  claim_.attempt(),
                  host_name(),
                  group_.settings.device,
                  group_.world_size,
                  group_.world_size == 1 ? "" : "s",
                  precision,
                  resumed_from_step == 0 ? std::string("from the start")
                                         : fmt::format("from step {}", resumed_from_step)));
}

void RecordingSink::append_metrics(const EpochRecord& record) {
  append(EpochMetrics{.position = {.trial_id = claim_.trial_id(),
                                   .attempt = claim_.attempt(),
                                   .epoch = record.epoch,
                                   .step = record.step},
                      .values = recorded_values(record.values)},
         Flush::kLater);
}

void RecordingSink::epoch_ended(const EpochRecord& record) {
  if (fenced()) return;
  append_metrics(record);
  log(epoch_line(record, progress_.epochs));
}

void RecordingSink::progress(const TrainingProgress& progress) {
  // A checkpoint that found no room is made anew from the one before it.
  if (stuck_at_step_ && progress.step > *stuck_at_step_) found_room();
  if (progress_.step == 0 && progress.step > 0) log("first step done");
  progress_ = {progress.epoch,
               progress.epochs,
               progress.step,
               progress.total_steps,
               progress.images_per_second,
               progress.phase,
               progress.evaluated_batches,
               progress_.packed_images,
               progress_.segment,
               progress_.segment_bytes};
  heartbeat_.set_progress(progress_);
  group_.budget.observe(progress_, monotonic_seconds());
}

void RecordingSink::packed(std::int64_t images) {
  progress_.phase = kPacking;
  progress_.packed_images = images;
  heartbeat_.set_progress(progress_);
}

// The next beat, too, tells where the records are; one that ends before it would not.
void RecordingSink::tell_segment() {
  progress_.segment = segment_.path().filename().string();
  progress_.segment_bytes = segment_.size();
  heartbeat_.set_progress(progress_);
}

void RecordingSink::remark(const std::string& text) {
  log_warning("trial {}: {}", claim_.trial_id(), text);
  log(text);
}

void RecordingSink::finish(AttemptFinished record) {
  record.trial_id = claim_.trial_id();
  record.attempt = claim_.attempt();
  record.duration_s = monotonic_seconds() - start_;
  // Right before the record: a process may be stopped at any time, and go on when it is too late.
  bool is_overtaken = fenced();
  if (!is_overtaken) ride_out_io_errors([&] { is_overtaken = claim_.fenced(); });
  if (is_overtaken) {
    log("another attempt took over; this one's records do not count");
    return;
  }
  append(record, Flush::kNow);
  claim_.beat(progress_);
  log(fmt::format("{} after {}{}",
                  record.state == "yielded" ? "interrupted" : record.state,
                  format_duration(*record.duration_s),
                  record.message.empty() ? "" : ": " + record.message));
}

void RecordingSink::finished(const TrialResult& result) {
  switch (result.end) {
    case TrialEnd::kDone:
      return finish({.state = "done",
                     .exit_code = 0,
                     .precision = result.precision,
                     .weights_sha256 = result.hashes.weights,
                     .state_sha256 = result.hashes.state,
                     .metrics_sha256 = result.hashes.metrics,
                     .class_vectors_sha256 = result.class_vectors_sha256,
                     .data_sha256 = data_.sha256,
                     .results = recorded_values(result.results),
                     .missing = missing_reasons(result.results)});
    case TrialEnd::kDiverged:
      return failed(to_string(FailureClass::kDiverged), result.message);
    case TrialEnd::kStopped:
      return stopped(result.message);
  }
}

void RecordingSink::stopped(const std::string& message) {
  if (cancelled()) {
    return finish({.state = "cancelled", .message = "cancelled; " + message, .exit_code = 0});
  }
  finish({.state = "yielded",
          .failure = to_string(FailureClass::kPreempted),
          .message = message,
          .exit_code = kExitYielded});
}

void RecordingSink::refused(const std::string& message) {
  finish({.state = "yielded",
          .failure = to_string(FailureClass::kPreempted),
          .message = message,
          .exit_code = kExitUsage});
}

void RecordingSink::failed(const std::string& failure, const std::string& message) {
  log_warning("trial {} failed ({}): {}", claim_.trial_id(), failure, message);
  AttemptFinished record{.state = "failed", .failure = failure, .message = message, .exit_code = 1};
  if (failure == failure_name(FailureClass::kOom)) {
    record.world_size = group_.world_size;
    record.groups_beside =
        groups_beside(group_.settings.sweep_directory, GroupName(group_.settings.group));
  }
  finish(std::move(record));
}

}  // namespace headway
