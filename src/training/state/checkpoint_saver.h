#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "base/background_job.h"
#include "base/ids.h"
#include "comm/communicator.h"
#include "config/schema/checkpoint_settings.h"
#include "training/state/checkpoint.h"
#include "training/state/training_state.h"

namespace headway {

/// Saves a trial's state while it trains on: a copy is taken at once, a thread of rank 0 hashes and
/// writes it, one at a time, again while the disk fails at it (see retry_after_io_errors). A write
/// that failed is told on all ranks alike by the next collective call, as a DiskFullError, an
/// InputOutputError or another EnvironmentError.
class CheckpointSaver {
 public:
  struct Places {
    std::filesystem::path checkpoints;
    std::filesystem::path best_weights;
    TrialId trial_id;
  };
  struct Request {
    bool checkpoint = true;
    std::optional<double> best_accuracy = {};  // validation says that these weights are the best
  };

  CheckpointSaver(Places places,
                  const CheckpointSettings& settings,
                  TrainingState& state,
                  Communicator& comm);

  /// The newest checkpoint is of this position: it need not be saved again.
  void resumed_from(const TrialPosition& position) { saved_ = place_of(position); }

  /// Whether rank 0 wants all ranks to save after the next step: time is up, or the others must be
  /// told that a write has failed.
  bool asks_for_save() const;
  bool is_due_after_step(std::int64_t steps_done) const;    // the same on all ranks
  bool is_due_after_epoch(std::int64_t epochs_done) const;  // likewise
  double seconds_since_save() const;

  /// Returns when the state is copied, before it is written. Collective.
  void save(const TrialPosition& position, Request request);
  /// Has rank 0 run `job`, which writes something else; errors as those of save. Collective.
  void write(const std::function<void()>& job);
  /// Returns when all is on disk. Collective.
  void finish();

 private:
  // A step that ends an epoch has many states: evaluated so far, and the epoch done.
  using Place = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
  static Place place_of(const TrialPosition& position) {
    return {position.steps_done, position.epochs_done, position.evaluation.place()};
  }
  void write_image(const Request& request);

  Places places_;
  CheckpointSettings settings_;
  TrainingState& state_;
  Communicator& comm_;
  Place saved_ = {};
  double saved_at_;
  StateImage image_;   // the running job's
  BackgroundJob job_;  // rank 0's; ends before the image does
};

}  // namespace headway
