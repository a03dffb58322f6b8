#pragma once

#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include "runner/worker/commands.h"
#include "scheduling/claims.h"
#include "store/segment_writer.h"
#include "training/sink.h"
#include "training/trainer.h"

namespace headway {

/// Rank 0's side of one attempt: records in the segment, the trial's log, and a heartbeat once a
/// second that also notices when the claim was fenced off.
class TrialRecorder final : public TrialSink {
 public:
  TrialRecorder(SegmentWriter& segment, Claim& claim, const ServeOptions& options, int world_size);
  TrialRecorder(const TrialRecorder&) = delete;
  TrialRecorder& operator=(const TrialRecorder&) = delete;
  ~TrialRecorder() override;

  void started(std::int64_t resumed_from_step, const std::string& precision) override;
  void epoch_ended(const EpochRecord& record) override;
  void progress(const TrainingProgress& progress) override;
  void remark(const std::string& text) override;

  void finished(const TrialResult& result);
  /// The trial ended by an error of its own; `failure` is its class (oom, error, ...).
  void failed(const std::string& failure, const std::string& message);

  /// A higher attempt took over: stop, and record nothing more.
  bool fenced() const { return fenced_.load(); }

 private:
  void beat_until_done(const std::stop_token& stop);
  void finish(nlohmann::json record);
  void log(const std::string& line);

  SegmentWriter& segment_;
  Claim& claim_;
  const ServeOptions& options_;
  int world_size_;
  double start_;
  std::ofstream log_;
  std::mutex mutex_;  // guards progress_
  Progress progress_;
  std::atomic<bool> fenced_{false};
  std::jthread heartbeat_;
};

}  // namespace headway
