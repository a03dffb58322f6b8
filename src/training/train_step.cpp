#include "training/train_step.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/errors.h"

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
                                                    at::Device device,
                                                    Communicator& comm) {
  if (!training.sync_batch_norm) return nullptr;
  if (device.is_cuda()) expect_one_shard_per_gpu(training.shards, comm.size());
  return std::make_unique<SyncedStatistics>(parameters, training.shards / comm.size(), comm);
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
      images_(images),
      model_(model),
      execution_(execution),
      comm_(comm),
      local_shards_(config.training.shards / comm.size()),
      assembler_(images, config),
      dropout_(config.training.dropout, config.effective_order_seed()),
      parameters_(*model.parameters,
                  decayed_parameters(model, config.optimizer.decay),
                  comm,
                  gradient_options(config.training, execution.device)),
      optimizer_(optimizers().at(config.optimizer.name)(config.optimizer, parameters_)),
      buffers_(*model.parameters, config.training.shards, comm),
      sums_(static_cast<std::size_t>(local_shards_)),
      reduction_(*model.parameters, parameters_, local_shards_),
      synced_(synced_statistics(config.training, *model.parameters, execution.device, comm)) {
  expects(local_shards_ * comm.size() == config.training.shards, "ranks must divide shards");
}

TrainStep::ShardBatch TrainStep::assemble(std::span<const std::int32_t> samples,
                                          std::int64_t epoch) const {
  const auto count = static_cast<std::int64_t>(samples.size());
  ShardBatch batch{at::empty({count, images_.channels, images_.height, images_.width},
                             at::kFloat,
                             at::MemoryFormat::ChannelsLast),
                   {at::empty({count}, at::kLong), assembler_.mixing(samples, epoch)}};
  auto* pixels = batch.images.mutable_data_ptr<float>();
  assembler_.augmented(samples, epoch, pixels);
  assembler_.labels(samples, batch.targets.labels.mutable_data_ptr<std::int64_t>());
  if (batch.targets.mixing) {
    mix_images(*batch.targets.mixing, {pixels, static_cast<std::size_t>(batch.images.numel())});
  }
  return batch;
}

double TrainStep::train_shard(std::int64_t local, const Request& request) {
  const std::span<const std::int32_t> samples = samples_of(local, request);
  const ShardBatch batch = assemble(samples, request.epoch);

  at::Tensor logits;  // [b, K]
  {
    // Shards in lock step would share one converted weight, and how many do depends on the ranks.
    const AutocastScope autocast(execution_.bf16, execution_.device.type(), synced_ == nullptr);
    const at::Tensor moved = batch.images.to(execution_.device);
    const at::Tensor features = model_.encoder->forward(moved, /*training=*/true);  // [b, D]
    logits = model_.head->forward(dropout_.apply(features, samples, request.epoch));
  }
  const at::Tensor loss = loss_sum(logits, batch.targets, config_.training.label_smoothing);
  loss.div(static_cast<double>(request.batch.size())).backward();

  TrainSums& sums = sums_[static_cast<std::size_t>(local)];
  const auto loss_value = static_cast<double>(loss.item<float>());
  sums.loss += loss_value;
  sums.samples += static_cast<double>(samples.size());
  count_correct(logits, dominant_labels(batch.targets), sums);
  return loss_value;
}

std::span<const std::int32_t> TrainStep::samples_of(std::int64_t local,
                                                    const Request& request) const {
  const std::int64_t shard = comm_.rank() * local_shards_ + local;
  const std::size_t count = request.batch.size();
  const std::size_t begin = shard_begin(count, shard, config_.training.shards);
  const std::size_t end = shard_begin(count, shard + 1, config_.training.shards);
  return request.batch.subspan(begin, end - begin);
}

double TrainStep::train_shards(const Request& request) {
  std::vector<std::int64_t> shards;  // those with samples
  for (std::int64_t local = 0; local < local_shards_; ++local) {
    if (!samples_of(local, request).empty()) shards.push_back(local);
  }
  double loss = 0;
  const auto select = [&](std::int64_t local) {
    buffers_.select(local);
    reduction_.select_shard(local);
  };
  const auto train = [&](std::int64_t local) { loss += train_shard(local, request); };
  if (synced_) {
    synced_->run(shards, select, train);
  } else {
    for (const std::int64_t local : shards) {
      select(local);
      train(local);
    }
  }
  reduction_.end_step();
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
  parameters_.release_sum();
  return outcome;
}

}  // namespace headway
