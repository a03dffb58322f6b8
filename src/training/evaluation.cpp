#include "training/evaluation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "analysis/accumulators/ncm_sums.h"
#include "data/batch_assembler.h"
#include "training/step/shard_tree.h"
#include "training/step/train_step.h"

namespace headway {
namespace {

constexpr std::size_t kRoundsBetweenAgreements = 4;  // a stop waits for so many batches at most

void append(Metrics& metrics, Metrics more) {
  metrics.insert(
      metrics.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// The running training accuracy has the plain names; these are of the finished model.
Metrics renamed_unaugmented(Metrics metrics) {
  for (Metric& metric : metrics) metric.name = "unaugmented_" + metric.name;
  return metrics;
}

}  // namespace

Evaluator::Evaluator(const TrialConfig& config,
                     Model& model,
                     Execution execution,
                     Communicator& comm)
    : config_(config), model_(model), execution_(execution), comm_(comm) {
  if (!loss_spec(config.loss.name).is_cross_entropy) own_loss_ = make_loss(config.loss);
}

void Evaluator::visit_batch(const ImageSet& set,
                            std::span<const std::int32_t> samples,
                            const BatchVisitor& visit) {
  const at::NoGradGuard no_grad;
  const BatchAssembler assembler(set, config_);
  const auto batch = static_cast<std::int64_t>(samples.size());
  const at::Tensor images = at::empty(
      {batch, set.channels, set.height, set.width}, at::kFloat, at::MemoryFormat::ChannelsLast);
  EvaluatedBatch result;
  result.labels = at::empty({batch}, at::kLong);
  assembler.plain(samples, images.mutable_data_ptr<float>());
  assembler.labels(samples, result.labels.mutable_data_ptr<std::int64_t>());
  const AutocastScope autocast(execution_.bf16, execution_.device.type());
  result.features =
      model_.head->embed(model_.encoder->forward(images.to(execution_.device), /*training=*/false),
                         /*training=*/false);
  result.logits = model_.head->logits(result.features);
  visit(result);
}

void Evaluator::visit_shard(const Split& split, std::int64_t shard, const BatchVisitor& visit) {
  const std::int64_t shards = config_.training.shards;
  const std::size_t end = shard_begin(split.samples.size(), shard + 1, shards);
  const auto step = static_cast<std::size_t>(config_.evaluation.batch_size);
  for (std::size_t start = shard_begin(split.samples.size(), shard, shards); start < end;
       start += step) {
    visit_batch(split.images, split.samples.subspan(start, std::min(step, end - start)), visit);
  }
}

// Shards differ by one sample at most, so a rank may have a batch less than others; all go through
// the same number of rounds and meet at the same ones.
void Evaluator::visit_shard_watched(const Split& split,
                                    std::int64_t shard,
                                    const BatchVisitor& visit) {
  const auto shards = static_cast<std::size_t>(config_.training.shards);
  const std::size_t largest_shard = (split.samples.size() + shards - 1) / shards;
  const auto step = static_cast<std::size_t>(config_.evaluation.batch_size);
  const std::size_t rounds = (largest_shard + step - 1) / step;
  const std::size_t begin = shard_begin(split.samples.size(), shard, config_.training.shards);
  const std::size_t end = shard_begin(split.samples.size(), shard + 1, config_.training.shards);
  for (std::size_t round = 0; round < rounds; ++round) {
    const std::size_t start = begin + round * step;
    if (start < end) {
      visit_batch(split.images, split.samples.subspan(start, std::min(step, end - start)), visit);
    }
    watch_.batch_done();
    if (round % kRoundsBetweenAgreements != 0) continue;
    if (comm_.all_reduce_or(watch_.stop_requested() ? 1 : 0) != 0) throw EvaluationStopped();
  }
}

void Evaluator::visit(const Split& split, const BatchVisitor& visit) {
  const std::int64_t local_shards = config_.training.shards / comm_.size();
  for (std::int64_t local = 0; local < local_shards; ++local) {
    visit_shard(split, comm_.rank() * local_shards + local, visit);
  }
}

template <typename Sums, typename Add>
Sums Evaluator::merge(const Split& split, const Sums& empty, const Add& add) {
  const std::int64_t local_shards = config_.training.shards / comm_.size();
  std::vector<std::vector<double>> rows;
  for (std::int64_t local = 0; local < local_shards; ++local) {
    Sums sums = empty;
    const std::int64_t shard = comm_.rank() * local_shards + local;
    visit_shard_watched(split, shard, [&](const EvaluatedBatch& batch) { add(sums, batch); });
    rows.emplace_back(sums.values().begin(), sums.values().end());
  }
  std::vector<double> merged = tree_sum(std::move(rows));
  comm_.all_reduce_sum(std::span<double>(merged));
  Sums result = empty;
  std::ranges::copy(merged, result.values().begin());
  return result;
}

SplitSums Evaluator::sums(const Split& split, bool geometry) {
  const at::Tensor class_vectors = model_.head->class_vectors().detach();
  const SplitShape shape{class_vectors.size(0), class_vectors.size(1), geometry};
  return merge(split, SplitSums(shape), [&](SplitSums& sums, const EvaluatedBatch& batch) {
    sums.add(batch.features, batch.logits, batch.labels, class_vectors);
    if (own_loss_ && batch.labels.numel() > 0) {
      sums.add_trial_loss(
          evaluated_loss(*own_loss_, {batch.features, batch.logits, class_vectors, batch.labels}));
    }
  });
}

Metrics Evaluator::accuracy(const Split& split) {
  return accuracy_metrics(sums(split, false), own_loss_ != nullptr);
}

Metrics Evaluator::final_test_accuracy(const Split& test) {
  final_test_sums_ = sums(test, config_.evaluation.geometry);
  return accuracy_metrics(*final_test_sums_, own_loss_ != nullptr);
}

SplitMetrics Evaluator::final_statistics(const Split& train,
                                         const Split& test,
                                         const at::Tensor& initial_class_vectors) {
  const bool geometry = config_.evaluation.geometry;
  const at::Tensor class_vectors = model_.head->class_vectors().detach();
  std::optional<at::Tensor> bias = model_.head->bias();
  if (bias) bias = bias->detach();
  SplitMetrics result;
  std::optional<at::Tensor> train_means;
  for (const auto& [name, split] :
       {std::pair<std::string, Split>{"train", train}, {"test", test}}) {
    const bool known = name == "test" && final_test_sums_;
    const SplitSums sums = known ? *final_test_sums_ : this->sums(split, geometry);
    Metrics& metrics = result[name];
    if (name == "train") {
      append(metrics, renamed_unaugmented(accuracy_metrics(sums, own_loss_ != nullptr)));
    }
    append(metrics, prediction_metrics(sums));
    if (!geometry) continue;
    append(metrics, geometry_metrics(sums, class_vectors, initial_class_vectors, bias));
    if (!train_means) train_means = class_means(sums);
    append(metrics,
           ncm_metrics(
               merge(split, NcmSums(*train_means), [](NcmSums& ncm, const EvaluatedBatch& batch) {
                 ncm.add(batch.features, batch.logits, batch.labels);
               })));
  }
  return result;
}

}  // namespace headway
