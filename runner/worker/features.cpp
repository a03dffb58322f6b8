#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <numeric>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "base/safetensors.h"
#include "data/split.h"
#include "runner/worker/commands.h"
#include "store/manifest/sweep_directory.h"
#include "store/manifest/sweep_manifest.h"
#include "training/evaluation.h"

namespace headway {
namespace {

TrialConfig find_trial(const std::filesystem::path& sweep, const std::string& id) {
  std::vector<std::string> known;
  for (const auto& read : {read_manifest(sweep).trials, read_vanished_trials(sweep)}) {
    for (const PlannedTrial& trial : read) {
      if (trial.trial_id == id) return trial.config();
      known.push_back(trial.trial_id);
    }
  }
  throw ConfigError(
      fmt::format("no trial '{}' in {}{}", id, sweep.string(), suggestion(id, known)));
}

void load_weights(Model& model, const std::filesystem::path& path) {
  const at::NoGradGuard no_grad;
  const SafetensorsFile file(path);
  const auto load = [&](const std::string& name, const at::Tensor& target) {
    const NamedTensor& source = file.at(name);
    if (source.shape != target.sizes().vec()) {
      throw ConfigError(
          fmt::format("{}: '{}' has another shape than this trial's model", path.string(), name));
    }
    target.copy_(at::from_blob(const_cast<std::byte*>(source.bytes.data()),
                               source.shape,
                               target.options().requires_grad(false)));
  };
  for (Parameter& parameter : model.parameters->parameters()) {
    load(parameter.name, parameter.tensor.detach());
  }
  for (Buffer& buffer : model.parameters->buffers()) load(buffer.name, buffer.tensor);
}

// The samples of a split, in the order of the files.
std::vector<std::int32_t> samples_of(const std::string& split,
                                     const Dataset& dataset,
                                     const DatasetConfig& config) {
  if (split == "test") {
    std::vector<std::int32_t> all(static_cast<std::size_t>(dataset.test().count));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  Split cut = make_split(dataset.train().labels, dataset.classes(), config);
  if (split == "train") return cut.train;
  if (split == "validation") return cut.validation;
  throw ConfigError(fmt::format(
      "unknown split '{}'{}", split, suggestion(split, {"train", "validation", "test"})));
}

NamedTensor named(const std::string& name, const std::string& dtype, const at::Tensor& tensor) {
  return {name,
          dtype,
          tensor.sizes().vec(),
          {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
}

}  // namespace

void export_features(const FeatureOptions& options) {
  const TrialConfig config = find_trial(options.sweep_directory, options.trial);
  const auto weights =
      SweepDirectory(options.sweep_directory).artifacts(options.trial) / "weights.safetensors";
  if (!std::filesystem::exists(weights)) {
    throw ConfigError(fmt::format("trial {} has no final weights yet ('{}' does not exist)",
                                  options.trial,
                                  weights.string()));
  }
  const auto dataset = load_dataset(config.dataset);
  const ImageSet& train = dataset->train();
  Model model =
      build_model(config, {train.channels, train.height, train.width}, dataset->classes());
  load_weights(model, weights);
  const auto samples = samples_of(options.split, *dataset, config.dataset);
  const ImageSet& images = options.split == "test" ? dataset->test() : train;
  const auto comm = make_single_process_communicator();
  Evaluator evaluator(config, model, Execution{}, *comm);
  std::vector<at::Tensor> features;
  std::vector<at::Tensor> labels;
  std::vector<at::Tensor> logits;
  evaluator.visit({images, samples}, [&](const EvaluatedBatch& batch) {
    features.push_back(batch.features.to(at::kFloat).contiguous());
    labels.push_back(batch.labels);
    logits.push_back(batch.logits.to(at::kFloat).contiguous());
  });
  const at::Tensor all_features = at::cat(features);
  const at::Tensor all_labels = at::cat(labels);
  const at::Tensor all_logits = at::cat(logits);
  const at::Tensor class_vectors = model.head->class_vectors().detach().contiguous();
  write_safetensors(options.output,
                    {named("features", "F32", all_features),
                     named("labels", "I64", all_labels),
                     named("logits", "F32", all_logits),
                     named("class_vectors", "F32", class_vectors)},
                    {{"trial_id", options.trial}, {"split", options.split}});
}

}  // namespace headway
