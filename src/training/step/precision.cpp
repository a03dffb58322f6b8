#include "training/step/precision.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

#include "base/logging.h"
#include "base/time.h"
#include "training/flat_parameters.h"
#include "training/model.h"

namespace headway {
namespace {

double seconds_per_pass(Model& model,
                        const at::Tensor& images,
                        const at::Tensor& labels,
                        bool bf16) {
  constexpr int kPasses = 4;  // the first one warms up
  double best = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < kPasses; ++pass) {
    const double start = monotonic_seconds();
    at::Tensor logits;
    {
      const AutocastScope autocast(bf16, images.device().type());
      logits = model.head->forward(model.encoder->forward(images, /*training=*/true),
                                   /*training=*/true);
    }
    const at::Tensor loss = at::cross_entropy_loss(logits, labels);
    loss.backward();
    loss.item();  // waits for the device
    if (pass > 0) best = std::min(best, monotonic_seconds() - start);
  }
  return best;
}

}  // namespace

AutocastScope::AutocastScope(bool enabled, at::DeviceType device)
    : enabled_(enabled), device_(device), previous_(at::autocast::is_autocast_enabled(device)) {
  if (!enabled_) return;
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
}

AutocastScope::~AutocastScope() {
  if (!enabled_) return;
  at::autocast::clear_cache();  // holds bfloat16 copies of weights that the next step changes
  at::autocast::set_autocast_enabled(device_, previous_);
}

void select_gpu_kernels(bool reproducible) {
  at::globalContext().setDeterministicAlgorithms(reproducible, /*warn_only=*/false);
  // Else each new tensor would be filled once more: a kernel for every kernel.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::globalContext().setDeterministicCuDNN(reproducible);
  at::globalContext().setBenchmarkCuDNN(!reproducible);
}

std::string resolve_precision(const TrialConfig& config,
                              const Dataset& dataset,
                              Communicator& comm,
                              at::Device device) {
  if (config.training.precision != "auto") return config.training.precision;
  std::string chosen;
  if (comm.rank() == 0) {
    const ImageSet& images = dataset.train();
    const ImageShape shape{images.channels, images.height, images.width};
    chosen = probe_precision(config, shape, dataset.classes(), device);
    log_info("precision auto: {} is faster here", chosen);
  }
  return comm.broadcast(chosen);
}

std::string probe_precision(const TrialConfig& config,
                            const ImageShape& image,
                            std::int64_t classes,
                            at::Device device) {
  Model model = build_model(config, image, classes);  // its own: batch-norm statistics change
  const auto alone = make_single_process_communicator();
  const FlatParameters flat(*model.parameters, decayed_parameters(model, config), *alone, device);
  const std::int64_t batch = config.training.batch_size / config.training.shards;
  const at::Tensor images = at::full({batch, image.channels, image.height, image.width}, 0.5)
                                .contiguous(at::MemoryFormat::ChannelsLast)
                                .to(device);
  const at::Tensor labels = at::zeros({batch}, at::TensorOptions(at::kLong).device(device));
  const double fp32 = seconds_per_pass(model, images, labels, false);
  const double bf16 = seconds_per_pass(model, images, labels, true);
  return bf16 < fp32 ? "bf16" : "fp32";
}

}  // namespace headway
