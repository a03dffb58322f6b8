#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include "base/errors.h"
#include "base/logging.h"
#include "base/output_file.h"
#include "base/safetensors.h"
#include "base/sweep_layout.h"
#include "comm/nccl/device_array.h"
#include "data/split.h"
#include "runner/worker/finished_data.h"
#include "runner/worker/trained_as.h"
#include "runner/worker/worker_verbs.h"
#include "store/manifest/sweep_manifest.h"
#include "training/evaluation.h"

namespace headway {
namespace {

EvaluationState::Trial records_of(const FeatureOptions& options) {
  EvaluationState state(options.sweep_directory, "");
  state.refresh();
  if (state.status(options.trial) == EvaluationStatus::kNotTrained) {
    throw ConfigError(
        fmt::format("trial {} has no final weights yet: its training is not done", options.trial));
  }
  return state.trial(options.trial);
}

FinishedTrialSource source_of(const FeatureOptions& options) {
  const PlannedTrial planned = trials_to_evaluate(options.sweep_directory, {options.trial}).front();
  const TrainedAs trained = trained_as(records_of(options));
  const std::string device = device_to_run_on(options.device, trained);
  if (device != trained.device) {
    log_warning("trial {} was trained on {}; on {} its features differ by rounding",
                options.trial,
                trained.device,
                device);
  }
  const SweepLayout layout(options.sweep_directory);
  TrialConfig config = planned.config();
  config.dataset = find_data_of_finished_trial(config.dataset, trained, options.sweep_directory);
  return {.config = std::move(config),
          .weights = layout.weights(options.trial),
          .trained = trained,
          .device = device};
}

NamedTensor named(const std::string& name, const std::string& dtype, const at::Tensor& tensor) {
  return {name,
          dtype,
          tensor.sizes().vec(),
          {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
}

at::Tensor on_cpu(const at::Tensor& tensor) {
  return tensor.detach().to(at::kCPU, at::kFloat).contiguous();
}

}  // namespace

void export_features(const FeatureOptions& options) {
  const FinishedTrialSource source = source_of(options);
  if (source.device == "cuda") select_gpu(0);
  at::set_num_threads(static_cast<int>(source.trained.threads_per_rank));
  const auto dataset = load_dataset(source.config.dataset);
  const auto comm = make_single_process_communicator();
  FinishedTrial trial(source, *dataset, *comm);
  std::vector<at::Tensor> features;
  std::vector<at::Tensor> labels;
  std::vector<at::Tensor> logits;
  trial.evaluator().visit(trial.split(options.split), [&](const EvaluatedBatch& batch) {
    features.push_back(on_cpu(batch.features));
    labels.push_back(batch.labels);
    logits.push_back(on_cpu(batch.logits));
  });
  const at::Tensor all_features = at::cat(features);
  const at::Tensor all_labels = at::cat(labels);
  const at::Tensor all_logits = at::cat(logits);
  const at::Tensor class_vectors = on_cpu(trial.model().head->class_vectors());
  write_output(options.output, [&](int fd) {
    write_safetensors(fd,
                      options.output,
                      {named("features", "F32", all_features),
                       named("labels", "I64", all_labels),
                       named("logits", "F32", all_logits),
                       named("class_vectors", "F32", class_vectors)},
                      {{"trial_id", options.trial},
                       {"split", options.split},
                       {"precision", source.trained.precision},
                       {"device", source.device}});
  });
}

}  // namespace headway
