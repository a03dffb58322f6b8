#include "training/evaluation.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "data/batch_assembler.h"
#include "training/step/shard_tree.h"
#include "training/step/train_step.h"

namespace headway {
namespace {

// The training images come first: second passes over the others need their class means.
constexpr std::array kSplits = {"train", "validation", "test"};

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
    : config_(config),
      model_(model),
      execution_(execution),
      comm_(comm),
      passes_(config.training.shards, comm) {
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
  result.class_vectors = model_.head->class_vectors().detach();
  {
    const AutocastScope autocast(execution_.bf16, execution_.device.type());
    const at::Tensor features =
        model_.encoder->forward(images.to(execution_.device), /*training=*/false);
    result.features = model_.head->embed(features, /*training=*/false);
    result.logits = model_.head->logits(result.features);
  }
  visit(result);
}

std::int64_t Evaluator::batches_in(const Split& split, std::int64_t shard) const {
  const std::size_t count = split.samples.size();
  const std::int64_t shards = config_.training.shards;
  const auto samples = static_cast<std::int64_t>(shard_begin(count, shard + 1, shards) -
                                                 shard_begin(count, shard, shards));
  const std::int64_t size = config_.evaluation.batch_size;
  return (samples + size - 1) / size;
}

std::span<const std::int32_t> Evaluator::batch_of(const Split& split,
                                                  std::int64_t shard,
                                                  std::int64_t batch) const {
  const std::int64_t shards = config_.training.shards;
  const auto size = static_cast<std::size_t>(config_.evaluation.batch_size);
  const std::size_t end = shard_begin(split.samples.size(), shard + 1, shards);
  const std::size_t start =
      shard_begin(split.samples.size(), shard, shards) + static_cast<std::size_t>(batch) * size;
  return split.samples.subspan(start, std::min(size, end - start));
}

void Evaluator::visit(const Split& split, const BatchVisitor& visit) {
  const std::int64_t local_shards = config_.training.shards / comm_.size();
  for (std::int64_t local = 0; local < local_shards; ++local) {
    const std::int64_t shard = comm_.rank() * local_shards + local;
    for (std::int64_t batch = 0; batch < batches_in(split, shard); ++batch) {
      visit_batch(split.images, batch_of(split, shard, batch), visit);
    }
  }
}

// The one place that says what statistics are computed from, and with which loss.
AccumulatorInputs Evaluator::inputs() const {
  const ClassVectors& drawn = model_.drawn_class_vectors;
  AccumulatorInputs inputs{
      .class_vectors = model_.head->class_vectors().detach(),
      .initial_class_vectors = at::tensor(drawn.values).view({drawn.classes, drawn.feature_size}),
      .bias = model_.head->bias(),
      .loss = nullptr,
      .train = train_results_};
  if (inputs.bias) inputs.bias = inputs.bias->detach();
  if (own_loss_) {
    inputs.loss = [loss = own_loss_.get()](const SampleBatch& batch) {
      const EvaluatedBatch& raw = batch.raw();
      return evaluated_loss(*loss, {raw.features, raw.logits, raw.class_vectors, raw.labels});
    };
  }
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

// Shards differ by a sample, and after an interruption by whatever a rank had done of its own: some
// ranks have less to do than others, but all go through as many rounds, and meet after each.
std::int64_t Evaluator::rounds_left(const Split& split) const {
  const std::vector<std::int64_t>& done = passes_.batches_at_begin();
  const std::int64_t local_shards = config_.training.shards / comm_.size();
  std::int64_t most = 0;
  for (std::int64_t first = 0; first < config_.training.shards; first += local_shards) {
    std::int64_t left = 0;
    for (std::int64_t shard = first; shard < first + local_shards; ++shard) {
      left += batches_in(split, shard) - done[static_cast<std::size_t>(shard)];
    }
    most = std::max(most, left);
  }
  return most;
}

void Evaluator::agree_to_go_on(const std::function<void()>& keep) {
  constexpr std::uint32_t kStop = 1;
  constexpr std::uint32_t kCheckpoint = 2;
  const std::uint32_t flags = comm_.all_reduce_or((watch_.stop_requested() ? kStop : 0) |
                                                  (watch_.checkpoint_due() ? kCheckpoint : 0));
  if (flags == 0) return;
  keep();
  if ((flags & kStop) != 0) throw EvaluationStopped();
  watch_.checkpoint();
}

void Evaluator::sum_own_shards(const Accumulators& accumulators, const Split& split) {
  std::vector<ShardSums>& own = passes_.own();
  const auto first_shard = static_cast<std::int64_t>(own.size()) * comm_.rank();
  std::size_t local = 0;
  const auto keep = [&] { copy_values(accumulators, own[local].sums); };
  set_values(accumulators, own[local].sums);
  for (std::int64_t rounds = rounds_left(split); rounds > 0; --rounds) {
    const auto shard = [&] { return first_shard + static_cast<std::int64_t>(local); };
    while (own[local].batches == batches_in(split, shard()) && local + 1 < own.size()) {
      keep();
      set_values(accumulators, own[++local].sums);
    }
    if (own[local].batches < batches_in(split, shard())) {
      visit_batch(split.images,
                  batch_of(split, shard(), own[local].batches),
                  [&](const EvaluatedBatch& batch) {
                    const SampleBatch samples(batch);
                    for (const auto& accumulator : accumulators) accumulator->add(samples);
                  });
      ++own[local].batches;
    }
    watch_.batch_done();
    agree_to_go_on(keep);
  }
  keep();
}

void Evaluator::run(Pass& pass, const Split& split) {
  if (pass.accumulators.empty()) return;
  PassShape shape{.pass = fmt::format("{} images:", split.samples.size()),
                  .sum_count = value_count(pass.accumulators)};
  for (const AccumulatorSpec* spec : pass.specs) shape.pass += " " + spec->name;
  for (std::int64_t shard = 0; shard < config_.training.shards; ++shard) {
    shape.batches.push_back(batches_in(split, shard));
  }
  if (const auto known = passes_.begin(shape)) {
    set_values(pass.accumulators, *known);
    return;
  }
  sum_own_shards(pass.accumulators, split);
  std::vector<std::vector<double>> rows;
  for (ShardSums& shard : passes_.own()) rows.push_back(std::move(shard.sums));
  std::vector<double> merged = tree_sum(std::move(rows));
  comm_.all_reduce_sum(std::span<double>(merged));
  set_values(pass.accumulators, merged);
  passes_.finish(std::move(merged));
}

Metrics Evaluator::accuracy(const Split& split) {
  const Choice only_accuracy = [](const AccumulatorSpec& spec, const std::string&) {
    return spec.name == kAccuracy;
  };
  Pass pass = choose("", only_accuracy, /*second_pass=*/false);
  run(pass, split);
  return pass.accumulators.front()->metrics();
}

Metrics Evaluator::final_accuracy(const Splits::value_type& split) {
  const auto& [name, samples] = split;
  Pass pass = choose(
      name,
      [&](const auto& spec, const auto& of) { return spec.recorded(config_.evaluation, of); },
      /*second_pass=*/false);
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
      first = choose(name, choice, /*second_pass=*/false);
      run(first, split->second);
    }
    if (name == kSplits.front()) {
      for (const auto& accumulator : first.accumulators) accumulator->publish(train_results_);
    }
    Pass second = choose(name, choice, /*second_pass=*/true);
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
