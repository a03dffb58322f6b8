#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "analysis/accumulators/split_sums.h"
#include "comm/communicator.h"
#include "config/schema/trial_config.h"
#include "data/dataset.h"
#include "training/losses/loss.h"
#include "training/model.h"
#include "training/sink.h"
#include "training/step/precision.h"

namespace headway {

/// What one evaluated batch yields: features [B, D] as they meet the class vectors, logits [B, K]
/// float32, labels [B] int64.
struct EvaluatedBatch {
  at::Tensor features;
  at::Tensor logits;
  at::Tensor labels;
};

/// Thrown on all ranks alike when an evaluation ends early because some rank was asked to stop.
struct EvaluationStopped {};

/// Passes un-augmented samples through the model in evaluation mode. Batches are cut within shards,
/// so that each sample meets the same kernels on any number of ranks.
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

  /// Sums over the whole split, merged over shards and ranks in the fixed tree order. Collective.
  SplitSums sums(const Split& split, bool geometry);
  /// loss, top1_accuracy, top5_accuracy and, where the loss is another one, cross_entropy.
  /// Collective.
  Metrics accuracy(const Split& split);
  /// The same of the finished model on the test images: final_statistics() then need not pass these
  /// through the model again.
  Metrics final_test_accuracy(const Split& test);

  /// Statistics of the finished model on un-augmented train and test images: those of arXiv
  /// 2011.08704 and, when `evaluation.geometry`, neural collapse and its kin. Collective.
  SplitMetrics final_statistics(const Split& train,
                                const Split& test,
                                const at::Tensor& initial_class_vectors);

  using BatchVisitor = std::function<void(const EvaluatedBatch&)>;
  /// Shows the batches of this rank's shards to `visit`, in order.
  void visit(const Split& split, const BatchVisitor& visit);

 private:
  void visit_batch(const ImageSet& images,
                   std::span<const std::int32_t> samples,
                   const BatchVisitor& visit);
  void visit_shard(const Split& split, std::int64_t shard, const BatchVisitor& visit);
  /// The same, but all ranks agree now and then whether to go on. Collective.
  void visit_shard_watched(const Split& split, std::int64_t shard, const BatchVisitor& visit);
  /// `make` builds one shard's accumulator with add(features, logits, labels) and values().
  template <typename Sums, typename Add>
  Sums merge(const Split& split, const Sums& empty, const Add& add);

  const TrialConfig& config_;
  Model& model_;
  Execution execution_;
  Communicator& comm_;
  Watch watch_;
  std::unique_ptr<Loss> own_loss_;  // the trial's, where it is not the cross entropy
  std::optional<SplitSums> final_test_sums_;
};

}  // namespace headway
