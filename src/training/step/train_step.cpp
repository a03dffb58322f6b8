#include "training/step/train_step.h"

#include <algorithm>

#include "config/schema/rank_range.h"

namespace headway {
namespace {

constexpr std::int64_t kTop = 5;

// Ranks of the true class among the logits; ties count for the lower class index, so that no sort's
// whims enter the record.
void count_correct(const at::Tensor& logits, const at::Tensor& labels, TrainSums& sums) {
  const at::Tensor rows = logits.detach().to(at::kCPU, at::kFloat).contiguous();
  const std::int64_t classes = rows.size(1);
  const auto* values = rows.const_data_ptr<float>();
  const auto* truth = labels.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows.size(0); ++i, values += classes) {
    const float own = values[truth[i]];
    std::int64_t above = 0;
    for (std::int64_t k = 0; k < classes; ++k) {
      above += values[k] > own || (values[k] == own && k < truth[i]) ? 1 : 0;
    }
    sums.top1_correct += above < 1 ? 1 : 0;
    sums.top5_correct += above < kTop ? 1 : 0;
  }
}

GradientOptions gradient_options(const TrainingConfig& training, at::Device device) {
  return {.device = device,
          .precision = training.gradient_precision == "bf16" ? SumPrecision::kBfloat16
                                                             : SumPrecision::kFloat32,
          .ordered = training.reproducible};
}

std::unique_ptr<SyncedStatistics> synced_statistics(const TrainingConfig& training,
                                                    ParameterSet& parameters,
                                                    Communicator& comm) {
  if (!training.sync_batch_norm) return nullptr;
  return std::make_unique<SyncedStatistics>(parameters, comm);
}

}  // namespace

std::size_t shard_begin(std::size_t count, std::int64_t shard, std::int64_t shards) {
  return count * static_cast<std::size_t>(shard) / static_cast<std::size_t>(shards);
}

TrainStep::TrainStep(const TrialConfig& config,
                     const ImageSet& images,
                     Model& model,
                     Execution execution,
                     Communicator& comm)
    : config_(config),
      model_(model),
      execution_(execution),
      comm_(comm),
      local_shards_(config.training.shards / comm.size()),
      batcher_(config, images, model.encoder->feature_size(), execution.device),
      loss_(make_loss(config.loss)),
      parameters_(*model.parameters,
                  decayed_parameters(model, config),
                  comm,
                  gradient_options(config.training, execution.device)),
      optimizer_(optimizers().at(config.optimizer.name)(config.optimizer, parameters_)),
      buffers_(*model.parameters, config.training.shards, comm),
      sums_(static_cast<std::size_t>(local_shards_)),
      reduction_(*model.parameters, parameters_, local_shards_),
      synced_(synced_statistics(config.training, *model.parameters, comm)) {
  expect_trainable_on(comm.size(), config.training);
  // Sums over ranks begin while a pass runs, and statistics of batch norm go through the host.
  if (execution.device.is_cuda() && comm.size() == 1 && !synced_)
    graph_runner_ = make_cuda_graph_runner();
}

std::span<const std::int32_t> TrainStep::samples_of(std::int64_t local,
                                                    std::span<const std::int32_t> batch) const {
  const std::int64_t shard = comm_.rank() * local_shards_ + local;
  const std::size_t begin = shard_begin(batch.size(), shard, config_.training.shards);
  const std::size_t end = shard_begin(batch.size(), shard + 1, config_.training.shards);
  return batch.subspan(begin, end - begin);
}

void TrainStep::prepare(const Request& request) {
  prepared_.clear();
  for (std::int64_t local = 0; local < local_shards_; ++local) {
    const auto samples = samples_of(local, request.next_batch);
    if (samples.empty()) continue;
    prepared_.push_back(
        {{samples.begin(), samples.end()}, request.epoch, batcher_(samples, request.epoch)});
  }
}

ShardBatch TrainStep::take_batch(std::span<const std::int32_t> samples, std::int64_t epoch) {
  for (PreparedBatch& prepared : prepared_) {
    if (prepared.epoch != epoch || !std::ranges::equal(prepared.samples, samples)) continue;
    prepared.samples.clear();  // its batch is given away
    return std::move(prepared.batch);
  }
  return batcher_(samples, epoch);
}

TrainStep::PassResults TrainStep::pass(const ShardBatch& batch, std::size_t global_batch) {
  PassResults results;
  const Head& head = *model_.head;
  at::Tensor embedded;
  {
    const AutocastScope autocast(execution_.bf16, execution_.device.type());
    const at::Tensor features = model_.encoder->forward(batch.images, /*training=*/true);  // [b, D]
    embedded =
        model_.head->embed(apply_dropout(features, batch.dropout_factors), /*training=*/true);
    results.logits = head.logits(embedded);
  }
  const at::Tensor loss = mixed_loss(batch.targets, [&](const at::Tensor& labels) {
    return loss_->sum(
        {embedded, head.with_margin(results.logits, labels), head.class_vectors(), labels});
  });
  loss.div(static_cast<double>(global_batch)).backward();
  results.loss = loss.detach();
  results.logits = results.logits.detach();
  return results;
}

TrainStep::PassResults TrainStep::pass_on_device(std::int64_t local,
                                                 const ShardBatch& batch,
                                                 std::size_t global_batch) {
  if (execution_.device.is_cpu()) return pass(batch, global_batch);
  if (!graph_runner_) return pass(moved(batch, execution_.device), global_batch);
  // Of equal sizes follow equal shards, so this tells passes apart.
  const std::int64_t key = static_cast<std::int64_t>(global_batch) * local_shards_ + local;
  const auto [found, is_new] = repeated_passes_.try_emplace(key);
  RepeatedPass& repeated = found->second;
  if (is_new) {
    repeated.batch = moved(batch, execution_.device);
  } else {
    copy_into(repeated.batch, batch);
  }
  const bool called =
      graph_runner_->run(key, [&] { repeated.results = pass(repeated.batch, global_batch); });
  if (!called) reduction_.set_arrived();
  return repeated.results;
}

TrainStep::StartedShard TrainStep::start_shard(std::int64_t local, const Request& request) {
  const ShardBatch batch = take_batch(samples_of(local, request.batch), request.epoch);
  return {
      local, dominant_labels(batch.targets), pass_on_device(local, batch, request.batch.size())};
}

double TrainStep::finish_shard(const StartedShard& shard) {
  TrainSums& sums = sums_[static_cast<std::size_t>(shard.local)];
  const auto loss = static_cast<double>(shard.results.loss.item<float>());
  sums.loss += loss;
  sums.samples += static_cast<double>(shard.labels.numel());
  count_correct(shard.results.logits, shard.labels, sums);
  return loss;
}

double TrainStep::train_shards(const Request& request) {
  std::vector<StartedShard> started;
  for (std::int64_t local = 0; local < local_shards_; ++local) {
    if (samples_of(local, request.batch).empty()) {
      if (synced_) synced_->run_without_samples();
      continue;
    }
    buffers_.select(local);
    reduction_.select_shard(local);
    const auto train = [&] { started.push_back(start_shard(local, request)); };
    if (synced_) {
      synced_->run(train);
    } else {
      train();
    }
  }
  reduction_.end_step();
  if (execution_.device.is_cuda()) prepare(request);  // the GPU is busy
  double loss = 0;
  for (const StartedShard& shard : started) loss += finish_shard(shard);
  return loss;
}

// The statistics are the whole batch's: those of shards without samples move, too.
void TrainStep::share_statistics(std::size_t batch_size) {
  const std::int64_t shards = config_.training.shards;
  if (!synced_ || batch_size >= static_cast<std::size_t>(shards)) return;
  std::int64_t first = 0;
  while (shard_begin(batch_size, first + 1, shards) == 0) ++first;
  buffers_.copy_to_all(first);
}

StepOutcome TrainStep::run(const Request& request) {
  const double loss = train_shards(request);
  share_statistics(request.batch.size());
  parameters_.set_signal(kLossSignal, static_cast<float>(loss));
  parameters_.set_signal(kStopSignal, request.stop ? 1 : 0);
  parameters_.set_signal(kCheckpointSignal, request.checkpoint ? 1 : 0);
  parameters_.sum_over_ranks();
  const StepOutcome outcome{
      parameters_.signal(kLossSignal) / static_cast<double>(request.batch.size()),
      parameters_.signal(kStopSignal) > 0,
      parameters_.signal(kCheckpointSignal) > 0};
  optimizer_->step(request.learning_rate);
  parameters_.end_read();
  return outcome;
}

}  // namespace headway
