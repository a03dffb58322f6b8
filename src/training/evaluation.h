#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "analysis/accumulators/accumulator.h"
#include "comm/communicator.h"
#include "config/schema/trial_config.h"
#include "data/dataset.h"
#include "training/model.h"
#include "training/sink.h"
#include "training/step/precision.h"

namespace headway {

/// Thrown on all ranks alike when an evaluation ends early because some rank was asked to stop.
struct EvaluationStopped {};

/// Passes un-augmented samples through the model in evaluation mode, and records what accumulators
/// make of them. Batches are cut within shards, so that each sample meets the same kernels on any
/// number of ranks.
class Evaluator {
 public:
  Evaluator(const TrialConfig& config, Model& model, Execution execution, Communicator& comm);

  /// Called on every rank between batches of the statistics below.
  struct Watch {
    std::function<bool()> stop_requested = [] { return false; };
    std::function<void()> batch_done = [] {};
  };
  void set_watch(Watch watch) { watch_ = std::move(watch); }

  struct Split {
    const ImageSet& images;
    std::span<const std::int32_t> samples;
  };
  /// By name: "train", "validation", "test".
  using Splits = std::map<std::string, Split>;

  /// loss and accuracies. Collective.
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
  void visit_batch(const ImageSet& images,
                   std::span<const std::int32_t> samples,
                   const BatchVisitor& visit);
  void visit_shard(const Split& split, std::int64_t shard, const BatchVisitor& visit);
  /// The same, but all ranks agree now and then whether to go on. Collective.
  void visit_shard_watched(const Split& split, std::int64_t shard, const BatchVisitor& visit);

  const TrialConfig& config_;
  Model& model_;
  Execution execution_;
  Communicator& comm_;
  Watch watch_;
  TrainResults train_results_;
  std::map<std::string, Pass> final_passes_;  // by split
};

}  // namespace headway
