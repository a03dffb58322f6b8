#include "training/finished_trial.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/errors.h"
#include "base/files.h"
#include "base/nearest_name.h"
#include "base/weights_file.h"
#include "comm/nccl/device_array.h"

namespace headway {
namespace {

// Of a value's size, or of 0.1 where it is smaller. Rounding alone moves a mean loss by about 1e-6
// in float32 and 1e-3 in bfloat16.
constexpr double kToleranceFloat32 = 1e-3;
constexpr double kToleranceBfloat16 = 2e-2;

Model build_for(const TrialConfig& config, const Dataset& dataset) {
  const ImageSet& images = dataset.train();
  return build_model(config, {images.channels, images.height, images.width}, dataset.classes());
}

// All memory stays as it was while training: kernels may round by how weights lie.
FlatParameters lay_out(const TrialConfig& config,
                       Model& model,
                       Communicator& comm,
                       const std::string& device) {
  return {*model.parameters, decayed_parameters(model, config), comm, at::Device(device)};
}

std::string dtype_of(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kLong ? "I64" : "F32";
}

void expect_data_of_record(const FinishedTrialSource& source, const DataIdentity& found) {
  const DataIdentity& recorded = source.trained.data;
  if (recorded.sha256.empty() || found.sha256 == recorded.sha256) return;
  throw OtherDataError(
      fmt::format("data set '{}' has {}, but the trial was trained on {}: put the data back, or "
                  "train the trial anew in a sweep of another name",
                  source.config.dataset.name,
                  to_text(found),
                  to_text(recorded)));
}

// What is wrong with them follows from the file alone, and is the user's to mend.
SafetensorsFile sound_weights(const FinishedTrialSource& source) {
  const std::filesystem::path& file = source.weights;
  if (!is_there(file)) {
    throw ConfigError(fmt::format(
        "the trial's final weights are gone: '{}' does not exist; put the file back, or train the "
        "trial anew in a sweep of another name",
        file.string()));
  }
  try {
    return open_weights(file, trial_id(source.config), source.trained.weights_sha256);
  } catch (const StoreError& error) {
    throw ConfigError(
        fmt::format("{}; the file is damaged or of another trial: put the right one back, or train "
                    "the trial anew in a sweep of another name",
                    error.what()));
  }
}

}  // namespace

std::string device_to_run_on(const std::string& asked, const TrainedAs& trained) {
  const bool has_gpu = gpu_count() > 0;
  if (asked == "auto") return trained.device == "cuda" && has_gpu ? "cuda" : "cpu";
  if (asked == "cuda" && !has_gpu) {
    throw ConfigError(
        "the device is 'cuda', but no GPU is visible here, or headway-worker was built without "
        "CUDA; 'cpu' computes the same up to rounding");
  }
  return asked;
}

FinishedTrial::FinishedTrial(FinishedTrialSource source, const Dataset& dataset, Communicator& comm)
    : source_(std::move(source)),
      dataset_(dataset),
      split_(make_split(dataset.train().labels, dataset.classes(), source_.config.dataset)),
      test_samples_(static_cast<std::size_t>(dataset.test().count)),
      model_(build_for(source_.config, dataset)),
      parameters_(lay_out(source_.config, model_, comm, source_.device)),
      evaluator_(source_.config,
                 model_,
                 {at::Device(source_.device), source_.trained.precision == "bf16"},
                 comm) {
  expect_data_of_record(source_, dataset.identity());
  std::iota(test_samples_.begin(), test_samples_.end(), 0);
  const at::Device device(source_.device);
  if (device.is_cuda()) select_gpu_kernels(source_.config.training.reproducible);
  const std::string& drawn = source_.trained.class_vectors_sha256;
  if (!drawn.empty() && drawn != model_.drawn_class_vectors.sha256) {
    throw ConfigError(
        fmt::format("the class vectors drawn now ({}) are not those that the trial was trained "
                    "with ({}): use the version of headway that trained it",
                    model_.drawn_class_vectors.sha256,
                    drawn));
  }
  load_weights();
}

void FinishedTrial::load_weights() {
  const at::NoGradGuard no_grad;
  const SafetensorsFile file = sound_weights(source_);
  const auto load = [&](const std::string& name, const at::Tensor& tensor) {
    const NamedTensor& stored = file.at(name);
    if (stored.shape != tensor.sizes().vec() || stored.dtype != dtype_of(tensor)) {
      throw ConfigError(fmt::format("{}: '{}' has another shape or type than this trial's model",
                                    source_.weights.string(),
                                    name));
    }
    if (const std::int64_t lost = count_not_finite(stored); lost > 0) {
      throw ConfigError(
          fmt::format("{}: the trial's final weights are not finite: {} of the values of '{}'",
                      source_.weights.string(),
                      lost,
                      name));
    }
    at::Tensor target = tensor.detach();
    target.copy_(at::from_blob(const_cast<std::byte*>(stored.bytes.data()),
                               stored.shape,
                               target.options().device(at::kCPU).requires_grad(false)));
  };
  for (const Parameter& parameter : model_.parameters->parameters()) {
    load(parameter.name, parameter.tensor);
  }
  for (const Buffer& buffer : model_.parameters->buffers()) load(buffer.name, buffer.tensor);
}

const std::vector<std::int32_t>& FinishedTrial::samples_of(const std::string& split) const {
  if (split == "train") return split_.train;
  if (split == "validation") return split_.validation;
  if (split == "test") return test_samples_;
  throw ConfigError(fmt::format(
      "unknown split '{}'{}", split, suggestion(split, {"train", "validation", "test"})));
}

Evaluator::Split FinishedTrial::split(const std::string& name) const {
  const std::vector<std::int32_t>& samples = samples_of(name);
  if (samples.empty()) throw ConfigError(fmt::format("the trial has no {} images", name));
  return {name == "test" ? dataset_.test() : dataset_.train(), samples};
}

void FinishedTrial::expect_recorded_results() {
  const double tolerance =
      source_.trained.precision == "bf16" ? kToleranceBfloat16 : kToleranceFloat32;
  const Metrics found = evaluator_.accuracy(split("test"));
  for (const Metric& recorded : source_.trained.test_results) {
    const auto same = std::ranges::find(found, recorded.name, &Metric::name);
    if (same == found.end() || !std::isfinite(recorded.value)) continue;
    const double allowed = tolerance * std::max(0.1, std::abs(recorded.value));
    const bool close = std::abs(same->value - recorded.value) <= allowed;
    if (close) continue;
    throw ConfigError(
        fmt::format("on the test images the trained model has {0} {1}, but its record says {2}: "
                    "these are not the images that it was tested on; check the files of data set "
                    "'{3}' and dataset.root",
                    recorded.name,
                    same->value,
                    recorded.value,
                    source_.config.dataset.name));
  }
}

}  // namespace headway
