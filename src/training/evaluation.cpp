#include "training/evaluation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <iterator>
#include "data/batch_assembler.h"
#include "training/step/shard_tree.h"
#include "training/step/train_step.h"

namespace headway {
namespace {

constexpr std::size_t kRoundsBetweenAgreements = 4;  // a stop waits for so many batches at most

constexpr std::array kSplits = {"train", "validation", "test"};  // the order of passes

void append(Metrics& metrics, Metrics more) {
  metrics.insert(
      metrics.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Metrics metrics_of(const AccumulatorSpec& spec,
                   const Accumulator& accumulator,
                   const std::string& split) {
  Metrics metrics = accumulator.metrics();
  if (spec.name != kAccuracy || split != kSplits.front()) return metrics;
  for (Metric& metric : metrics) metric.name = std::string(kUnaugmented) + metric.name;
  return metrics;
}

}  // namespace

Evaluator::Evaluator(const TrialConfig& config,
                     Model& model,
                     Execution execution,
                     Communicator& comm)
    : config_(config), model_(model), execution_(execution), comm_(comm) {}

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
  result.class_vectors = model_.head->class_vectors().detach();
  {
    const AutocastScope autocast(execution_.bf16, execution_.device.type());
    result.features = model_.encoder->forward(images.to(execution_.device), /*training=*/false);
    result.logits = model_.head->forward(result.features);
  }
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

// The one place that says what statistics are computed from.
AccumulatorInputs Evaluator::inputs() const {
  const ClassVectors& drawn = model_.drawn_class_vectors;
  AccumulatorInputs inputs{
      .class_vectors = model_.head->class_vectors().detach(),
      .initial_class_vectors = at::tensor(drawn.values).view({drawn.classes, drawn.feature_size}),
      .bias = model_.head->bias(),
      .loss = nullptr,
      .train = train_results_};
  if (inputs.bias) inputs.bias = inputs.bias->detach();
  return inputs;
}

Evaluator::Pass Evaluator::choose(const std::string& split,
                                  const Choice& choice,
                                  bool second_pass) const {
  Pass pass;
  for (const AccumulatorSpec& spec : accumulator_specs()) {
    if (spec.second_pass != second_pass || !choice(spec, split)) continue;
    pass.specs.push_back(&spec);
    pass.accumulators.push_back(make_accumulator(spec.name, inputs()));
  }
  return pass;
}

void Evaluator::run(Pass& pass, const Split& split) {
  if (pass.accumulators.empty()) return;
  const std::int64_t local_shards = config_.training.shards / comm_.size();
  std::vector<std::vector<double>> rows;
  for (std::int64_t local = 0; local < local_shards; ++local) {
    const std::int64_t shard = comm_.rank() * local_shards + local;
    visit_shard_watched(split, shard, [&](const EvaluatedBatch& batch) {
      const SampleBatch samples(batch);
      for (const auto& accumulator : pass.accumulators) accumulator->add(samples);
    });
    rows.push_back(take_values(pass.accumulators));
  }
  std::vector<double> merged = tree_sum(std::move(rows));
  comm_.all_reduce_sum(std::span<double>(merged));
  set_values(pass.accumulators, merged);
}

Metrics Evaluator::accuracy(const Split& split) {
  const Choice only_accuracy = [](const AccumulatorSpec& spec, const std::string&) {
    return spec.name == kAccuracy;
  };
  Pass pass = choose("", only_accuracy, false);
  run(pass, split);
  return pass.accumulators.front()->metrics();
}

Metrics Evaluator::final_accuracy(const Splits::value_type& split) {
  const auto& [name, samples] = split;
  Pass pass = choose(
      name,
      [&](const auto& spec, const auto& of) { return spec.recorded(config_.evaluation, of); },
      false);
  run(pass, samples);
  Metrics metrics;
  for (std::size_t i = 0; i < pass.specs.size(); ++i) {
    if (pass.specs[i]->name == kAccuracy) metrics = pass.accumulators[i]->metrics();
  }
  final_passes_[name] = std::move(pass);
  return metrics;
}

SplitMetrics Evaluator::final_statistics(const Splits& splits) {
  return statistics(splits, [&](const AccumulatorSpec& spec, const std::string& split) {
    const bool known = spec.name == kAccuracy && split != kSplits.front();
    return !known && spec.recorded(config_.evaluation, split);
  });
}

SplitMetrics Evaluator::statistics(const Splits& splits, const Choice& choice) {
  SplitMetrics result;
  for (const std::string name : kSplits) {
    const auto split = splits.find(name);
    if (split == splits.end()) continue;
    const auto kept = final_passes_.find(name);
    Pass first;
    if (kept != final_passes_.end()) {
      first = std::move(kept->second);
      final_passes_.erase(kept);
    } else {
      first = choose(name, choice, false);
      run(first, split->second);
    }
    if (name == kSplits.front()) {
      for (const auto& accumulator : first.accumulators) accumulator->publish(train_results_);
    }
    Pass second = choose(name, choice, true);
    run(second, split->second);
    for (const Pass* pass : {&first, &second}) {
      for (std::size_t i = 0; i < pass->specs.size(); ++i) {
        if (!choice(*pass->specs[i], name)) continue;
        append(result[name], metrics_of(*pass->specs[i], *pass->accumulators[i], name));
      }
    }
  }
  return result;
}

}  // namespace headway
