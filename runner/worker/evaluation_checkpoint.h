#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "training/state/checkpoint.h"
#include "training/state/evaluation_progress.h"

namespace headway {

/// How far the evaluation of one finished trial has come, kept for the attempt that goes on with it
/// in files like those of training's checkpoints.
class EvaluationCheckpoint {
 public:
  /// `made_with`: whatever the sums depend on besides trial and suite. `seconds` between two saves.
  EvaluationCheckpoint(std::filesystem::path folder, nlohmann::json made_with, double seconds);

  /// What the newest usable checkpoint holds; nothing when it was made with something else. Those
  /// that are of no use are warned of and removed.
  EvaluationProgress load();
  bool is_due() const { return monotonic_seconds() - saved_at_ >= seconds_; }
  /// DiskFullError and other EnvironmentErrors: what was kept before still loads.
  void save(const EvaluationProgress& progress);
  /// The evaluation is recorded.
  void clear() const { folder_.clear(); }

 private:
  CheckpointFolder folder_;
  nlohmann::json made_with_;
  double seconds_;
  double saved_at_ = monotonic_seconds();
  std::int64_t saves_ = 0;  // of all attempts: the newest checkpoint has the highest number
};

}  // namespace headway
