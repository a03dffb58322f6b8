#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "analysis/accumulators/accumulator.h"
#include "comm/communicator.h"
#include "config/schema/trial_config.h"
#include "data/dataset.h"
#include "training/losses/loss.h"
#include "training/model.h"
#include "training/sink.h"
#include "training/state/evaluation_progress.h"
#include "training/step/precision.h"

namespace headway {

/// Thrown on all ranks alike when an evaluation ends early because some rank was asked to stop.
struct EvaluationStopped {};

/// Passes un-augmented samples through the model in evaluation mode, and records what accumulators
/// make of them. Batches are cut within shards, so that each sample meets the same kernels on any
/// number of ranks. A series of passes that was broken off goes on at the batch where it stopped:
/// see progress().
class Evaluator {
 public:
  Evaluator(const TrialConfig& config, Model& model, Execution execution, Communicator& comm);

  /// Called on every rank between batches of the statistics below. What one rank asks for happens
  /// on all.
  struct Watch {
    std::function<bool()> stop_requested = [] { return false; };
    std::function<void()> batch_done = [] {};
    std::function<bool()> checkpoint_due = [] { return false; };
    std::function<void()> checkpoint = [] {};  // may ask for progress(). Collective
  };
  void set_watch(Watch watch) { watch_ = std::move(watch); }

  /// How far the passes have come that were run since the last restart, also after
  /// EvaluationStopped. Collective.
  EvaluationProgress progress() const { return passes_.gather(); }
  /// Passes that follow are not made again as far as `progress` knows them: the caller runs the
  /// same ones in the same order, of the same model.
  void restart(EvaluationProgress progress = {}) {
    passes_.restart(std::move(progress));
    final_passes_.clear();
  }

  struct Split {
    const ImageSet& images;
    std::span<const std::int32_t> samples;
  };
  /// By name: "train", "validation", "test".
  using Splits = std::map<std::string, Split>;

  /// loss, accuracies and, where the loss is another one, cross_entropy. Collective.
  Metrics accuracy(const Split& split);

  /// The same of the finished model. Everything else that the trial records of this split is summed
  /// in the same pass and kept for final_statistics(). Collective.
  Metrics final_accuracy(const Splits::value_type& split);
  /// What the trial records of the finished model besides final_accuracy(). Collective.
  SplitMetrics final_statistics(const Splits& splits);

  /// Whether an accumulator's metrics of a split are asked for.
  using Choice = std::function<bool(const AccumulatorSpec& spec, const std::string& split)>;
  /// The metrics of all accumulators that are asked for. Where one needs a second pass, `splits`
  /// have the training images and the choice includes what it needs of them. Collective.
  SplitMetrics statistics(const Splits& splits, const Choice& choice);

  using BatchVisitor = std::function<void(const EvaluatedBatch&)>;
  /// Shows the batches of this rank's shards to `visit`, in order.
  void visit(const Split& split, const BatchVisitor& visit);

 private:
  /// Accumulators that see a split together.
  struct Pass {
    std::vector<const AccumulatorSpec*> specs;
    Accumulators accumulators;  // one for each
  };
  AccumulatorInputs inputs() const;
  Pass choose(const std::string& split, const Choice& choice, bool second_pass) const;
  /// Fills the accumulators with sums over the whole split, merged over shards and ranks in the
  /// fixed tree order. Collective.
  void run(Pass& pass, const Split& split);
  void sum_own_shards(const Accumulators& accumulators, const Split& split);
  std::int64_t batches_in(const Split& split, std::int64_t shard) const;
  /// How many rounds of one batch a rank it takes until all ranks are through the pass at hand.
  std::int64_t rounds_left(const Split& split) const;
  std::span<const std::int32_t> batch_of(const Split& split,
                                         std::int64_t shard,
                                         std::int64_t batch) const;
  /// Whether ranks go on; with EvaluationStopped they do not. `keep` puts the running sums where
  /// progress() finds them. Collective.
  void agree_to_go_on(const std::function<void()>& keep);
  void visit_batch(const ImageSet& images,
                   std::span<const std::int32_t> samples,
                   const BatchVisitor& visit);

  const TrialConfig& config_;
  Model& model_;
  Execution execution_;
  Communicator& comm_;
  Watch watch_;
  std::unique_ptr<Loss> own_loss_;  // the trial's, where it is not the cross entropy
  TrainResults train_results_;
  std::map<std::string, Pass> final_passes_;  // by split
  EvaluationPasses passes_;
};

}  // namespace headway
