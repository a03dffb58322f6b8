#include "training/step/shard_batch.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <array>
#include <utility>

namespace headway {
namespace {

constexpr std::int64_t kImagesPerTask = 16;

using Tensors = std::array<at::Tensor*, 5>;

Tensors tensors_of(ShardBatch& batch) {
  return {&batch.images,
          &batch.targets.labels,
          &batch.targets.partner_labels,
          &batch.targets.weights,
          &batch.dropout_factors};
}

}  // namespace

ShardBatch moved(const ShardBatch& batch, at::Device device) {
  ShardBatch result = batch;
  for (at::Tensor* tensor : tensors_of(result)) {
    if (tensor->defined()) *tensor = tensor->to(device, /*non_blocking=*/true);
  }
  return result;
}

void copy_into(ShardBatch& target, const ShardBatch& batch) {
  ShardBatch source = batch;
  const Tensors from = tensors_of(source);
  const Tensors to = tensors_of(target);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i]->defined()) to[i]->copy_(*from[i], /*non_blocking=*/true);
  }
}

ShardBatcher::ShardBatcher(const TrialConfig& config,
                           const ImageSet& images,
                           std::int64_t feature_size,
                           at::Device device)
    : images_(images),
      feature_size_(feature_size),
      pins_(device.is_cuda()),
      assembler_(images, config),
      dropout_(config.training.dropout, config.effective_order_seed()) {}

at::Tensor ShardBatcher::pinned(const at::Tensor& tensor) const {
  return pins_ && tensor.defined() ? tensor.pin_memory() : tensor;
}

ShardBatch ShardBatcher::operator()(std::span<const std::int32_t> samples,
                                    std::int64_t epoch) const {
  const auto count = static_cast<std::int64_t>(samples.size());
  at::Tensor images = at::empty({count, images_.channels, images_.height, images_.width},
                                at::TensorOptions(at::kFloat).pinned_memory(pins_),
                                at::MemoryFormat::ChannelsLast);
  const at::Tensor labels = at::empty({count}, at::kLong);
  const auto mixing = assembler_.mixing(samples, epoch);
  auto* pixels = images.mutable_data_ptr<float>();
  const std::int64_t image_size = count > 0 ? images.numel() / count : 0;
  at::parallel_for(0, count, kImagesPerTask, [&](std::int64_t first, std::int64_t last) {
    const auto part =
        samples.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
    assembler_.augmented(part, epoch, pixels + first * image_size);
  });
  assembler_.labels(samples, labels.mutable_data_ptr<std::int64_t>());
  if (mixing) mix_images(*mixing, {pixels, static_cast<std::size_t>(images.numel())});
  const Targets targets = make_targets(labels, mixing);
  return {std::move(images),
          {pinned(targets.labels), pinned(targets.partner_labels), pinned(targets.weights)},
          pinned(dropout_.factors(samples, feature_size_, epoch))};
}

}  // namespace headway
