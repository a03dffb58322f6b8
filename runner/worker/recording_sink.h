#pragma once

#include <fstream>
#include <functional>
#include <optional>
#include <string>

#include "runner/worker/disk_retries.h"
#include "runner/worker/worker_verbs.h"
#include "scheduling/claims/claims.h"
#include "scheduling/claims/heartbeat.h"
#include "scheduling/policy/time_budget.h"
#include "store/segments/segment_writer.h"
#include "training/sink.h"
#include "training/trainer.h"

namespace headway {

// Metrics as records have them.
RecordedValues recorded_values(const SplitMetrics& metrics);
MissingReasons missing_reasons(const SplitMetrics& metrics);

/// What the attempts of one worker group have in common.
struct GroupContext {
  const GroupSettings& settings;
  int world_size = 1;
  TimeBudget budget = {};
};

/// Rank 0's side of one attempt: records in the segment, the trial's log, and the heartbeat of its
/// claim. While the disk is full it waits, and the heartbeat says so.
class RecordingSink final : public TrialSink {
 public:
  /// `epochs`: of the whole trial.
  RecordingSink(SegmentWriter& segment, Claim& claim, GroupContext& group, std::int64_t epochs);

  /// Before training starts.
  void set_data(const DataIdentity& data) { data_ = data; }
  void started(std::int64_t resumed_from_step, const std::string& precision) override;
  void epoch_ended(const EpochRecord& record) override;
  /// Recorded anew, for this attempt; the log has its line from the attempt that trained it.
  void epoch_restored(const EpochRecord& record) override { append_metrics(record); }
  void progress(const TrainingProgress& progress) override;
  void remark(const std::string& text) override;
  /// So many images of the data set are decoded.
  void packed(std::int64_t images);

  void finished(const TrialResult& result);
  /// The trial ended by an error of its own; `failure` is its class (oom, error, ...).
  void failed(const std::string& failure, const std::string& message);

  /// It stopped as it was asked to.
  void stopped(const std::string& message);
  /// The trial cannot go on here, and nothing is wrong with it: it stays open.
  void refused(const std::string& message);

  /// Does what writes to the disk, and again until there is room. When the group is asked to stop
  /// meanwhile, throws StoppedOnFullDisk.
  void wait_out_full_disk(const std::function<void()>& action);

  /// A higher attempt took over: stop, and record nothing more.
  bool fenced() const { return heartbeat_.fenced(); }
  /// Someone cancelled the trial: stop, and say so.
  bool cancelled() const { return heartbeat_.cancel_asked(); }

 private:
  void append(const auto& record, Flush flush) {
    wait_out_full_disk([&] { ride_out_io_errors([&] { segment_.append(record, flush); }); });
    tell_segment();
  }
  void append_metrics(const EpochRecord& record);
  void tell_segment();
  void found_room();
  void finish(AttemptFinished record);
  void log(const std::string& line);

  SegmentWriter& segment_;
  Claim& claim_;
  GroupContext& group_;
  double start_;
  DataIdentity data_;
  std::ofstream log_;
  Progress progress_;
  Heartbeat heartbeat_;
  std::optional<std::int64_t> stuck_at_step_;  // while the disk is full
};

}  // namespace headway
