#include "training/trainer.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/errors.h"
#include "base/logging.h"
#include "base/time.h"
#include "data/split.h"
#include "training/evaluation.h"
#include "training/precision.h"
#include "training/trial_results.h"

namespace headway {
namespace {

ImageShape image_shape(const ImageSet& images) {
  return {images.channels, images.height, images.width};
}

// All ranks must run in the same precision, whatever their own clocks say.
std::string resolve_precision(const TrialConfig& config,
                              const Dataset& dataset,
                              Communicator& comm,
                              at::Device device) {
  if (config.training.precision != "auto") return config.training.precision;
  std::string chosen;
  if (comm.rank() == 0) {
    chosen = probe_precision(config, image_shape(dataset.train()), dataset.classes(), device);
    log_info("precision auto: {} is faster here", chosen);
  }
  return comm.broadcast(chosen);
}

// On GPUs the fastest kernels are not the ones that repeat their bits.
void select_kernels(bool reproducible) {
  at::globalContext().setDeterministicAlgorithms(reproducible, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(reproducible);
  at::globalContext().setBenchmarkCuDNN(!reproducible);
}

class Trainer {
 public:
  Trainer(const TrialConfig& config,
          const Dataset& dataset,
          Communicator& comm,
          TrialSink& sink,
          const TrainerOptions& options,
          Model& model,
          Execution execution)
      : config_(config),
        dataset_(dataset),
        comm_(comm),
        sink_(sink),
        options_(options),
        split_(make_split(dataset.train().labels, dataset.classes(), config.dataset)),
        test_samples_(static_cast<std::size_t>(dataset.test().count)),
        steps_per_epoch_(count_steps()),
        model_(model),
        step_(config, dataset.train(), model, execution, comm),
        evaluator_(config, model, execution, comm),
        rate_(config, steps_per_epoch_),
        state_(*model.parameters, step_, rate_, comm),
        checkpoints_(options.checkpoint_folder) {
    std::iota(test_samples_.begin(), test_samples_.end(), 0);
    position_.precision = execution.bf16 ? "bf16" : "fp32";
  }

  TrialResult run();

 private:
  std::int64_t count_steps() const;
  /// Nothing when the epoch's steps are all done; else why training ends here.
  std::optional<TrialEnd> train_epoch();
  void finish_epoch();
  void record(EpochRecord record);
  void save();
  TrialResult ended(TrialEnd end, std::string message) const;
  void finish(TrialResult& result);
  void report(const char* phase) const;
  std::int64_t total_steps() const { return steps_per_epoch_ * config_.training.epochs; }

  const TrialConfig& config_;
  const Dataset& dataset_;
  Communicator& comm_;
  TrialSink& sink_;
  const TrainerOptions& options_;
  Split split_;
  std::vector<std::int32_t> test_samples_;
  std::int64_t steps_per_epoch_;
  Model& model_;
  TrainStep step_;
  Evaluator evaluator_;
  LearningRate rate_;
  TrainingState state_;
  CheckpointFolder checkpoints_;
  TrialPosition position_;
  double last_save_ = monotonic_seconds();
  double epoch_seconds_ = 0;  // spent in steps of the running epoch, by this attempt
  std::int64_t epoch_images_ = 0;
};

std::int64_t Trainer::count_steps() const {
  const auto samples = static_cast<std::int64_t>(split_.train.size());
  const std::int64_t batch = config_.training.batch_size;
  const std::int64_t steps =
      config_.training.drop_last ? samples / batch : (samples + batch - 1) / batch;
  if (steps == 0 && config_.training.epochs > 0) {
    throw ConfigError(
        fmt::format("training.batch_size is {}, but there are only {} training images and "
                    "training.drop_last leaves out incomplete batches",
                    batch,
                    samples));
  }
  return steps;
}

void Trainer::report(const char* phase) const {
  if (comm_.rank() != 0) return;
  const double speed = epoch_seconds_ > 0 ? static_cast<double>(epoch_images_) / epoch_seconds_ : 0;
  sink_.progress({position_.epochs_done + 1,
                  config_.training.epochs,
                  position_.steps_done,
                  total_steps(),
                  speed,
                  phase});
}

void Trainer::save() {
  report("saving");
  state_.save(checkpoints_, position_);
  last_save_ = monotonic_seconds();
}

std::optional<TrialEnd> Trainer::train_epoch() {
  const std::int64_t epoch = position_.epochs_done;
  const auto order = epoch_order(split_.train, config_.effective_order_seed(), epoch);
  const auto batch_size = static_cast<std::size_t>(config_.training.batch_size);
  while (position_.steps_in_epoch < steps_per_epoch_) {
    const double start = monotonic_seconds();
    const std::size_t first = static_cast<std::size_t>(position_.steps_in_epoch) * batch_size;
    const auto batch = std::span(order).subspan(first, std::min(batch_size, order.size() - first));
    const bool due = comm_.rank() == 0 && start - last_save_ >= options_.checkpoint_seconds;
    const StepOutcome outcome = step_.run(
        {batch, epoch, rate_.at_step(position_.steps_done), options_.stop_requested(), due});
    ++position_.steps_in_epoch;
    ++position_.steps_done;
    epoch_seconds_ += monotonic_seconds() - start;
    epoch_images_ += static_cast<std::int64_t>(batch.size());
    if (!std::isfinite(outcome.mean_loss)) return TrialEnd::kDiverged;
    if (outcome.stop || outcome.checkpoint) save();
    if (outcome.stop) return TrialEnd::kStopped;
    report("training");
  }
  return std::nullopt;
}

void Trainer::record(EpochRecord record) {
  if (comm_.rank() == 0) sink_.epoch_ended(record);
  position_.history.push_back(std::move(record));
}

void Trainer::finish_epoch() {
  const double learning_rate = rate_.at_step(std::max<std::int64_t>(position_.steps_done - 1, 0));
  const TrainSums sums = state_.merged_train_sums();
  const double speed = epoch_seconds_ > 0 ? static_cast<double>(epoch_images_) / epoch_seconds_ : 0;
  EpochRecord record{position_.epochs_done + 1, position_.steps_done, {}};
  Metrics& train = record.values["train"];
  train = {{"loss", sums.loss / sums.samples},
           {"top1_accuracy", sums.top1_correct / sums.samples},
           {"learning_rate", learning_rate},
           {"images_per_second", speed}};
  if (dataset_.classes() > 5) train.push_back({"top5_accuracy", sums.top5_correct / sums.samples});

  const bool last = position_.epochs_done + 1 == config_.training.epochs;
  if (last || (position_.epochs_done + 1) % config_.evaluation.every == 0) {
    report("evaluating");
    step_.buffers().select_mean();
    if (!split_.validation.empty()) {
      Metrics validation = evaluator_.accuracy({dataset_.train(), split_.validation});
      if (config_.schedule.name == "plateau") {
        rate_.schedule().observe(value_of(validation, config_.schedule.options.text("metric")));
      }
      record.values["validation"] = std::move(validation);
    }
    record.values["test"] = evaluator_.accuracy({dataset_.test(), test_samples_});
  }
  this->record(std::move(record));
  ++position_.epochs_done;
  position_.steps_in_epoch = 0;
  std::ranges::fill(step_.sums(), TrainSums{});
  epoch_seconds_ = 0;
  epoch_images_ = 0;
}

TrialResult Trainer::ended(TrialEnd end, std::string message) const {
  TrialResult result;
  result.end = end;
  result.message = std::move(message);
  result.precision = position_.precision;
  result.class_vectors_sha256 = model_.drawn_class_vectors.sha256;
  return result;
}

TrialResult Trainer::run() {
  std::int64_t resumed_from = 0;
  if (auto restored = state_.restore(checkpoints_)) {
    expects(restored->precision == position_.precision, "a checkpoint keeps its precision");
    position_ = std::move(*restored);
    resumed_from = position_.steps_done;
  }
  if (comm_.rank() == 0) {
    sink_.started(resumed_from, position_.precision);
    for (const EpochRecord& record : position_.history) sink_.epoch_ended(record);
  }
  while (position_.epochs_done < config_.training.epochs) {
    const std::optional<TrialEnd> end = train_epoch();
    if (end) {
      const std::string where =
          fmt::format("epoch {}, step {}", position_.epochs_done + 1, position_.steps_done);
      TrialResult result = ended(*end,
                                 *end == TrialEnd::kDiverged ? "the loss is not finite at " + where
                                                             : "stopped at " + where);
      result.resumed_from_step = resumed_from;
      return result;
    }
    finish_epoch();
  }
  TrialResult result = ended(TrialEnd::kDone, "");
  result.resumed_from_step = resumed_from;
  finish(result);
  return result;
}

void Trainer::finish(TrialResult& result) {
  // What follows may take as long as an epoch: a fault there should not cost the training.
  if (position_.steps_done > 0 &&
      monotonic_seconds() - last_save_ > options_.checkpoint_seconds / 4) {
    save();
  }
  report("evaluating");
  result.hashes.state = state_.state_sha256();
  step_.buffers().select_mean();
  if (!position_.history.empty()) {
    result.results = position_.history.back().values;
  } else {
    result.results["test"] = evaluator_.accuracy({dataset_.test(), test_samples_});
  }
  const ClassVectors& drawn = model_.drawn_class_vectors;
  const at::Tensor initial =
      at::tensor(drawn.values).view({drawn.classes, drawn.feature_size}).to(options_.device);
  const SplitMetrics statistics = evaluator_.final_statistics(
      {dataset_.train(), split_.train}, {dataset_.test(), test_samples_}, initial);
  for (const auto& [split, metrics] : statistics) {
    Metrics& all = result.results[split];
    all.insert(all.end(), metrics.begin(), metrics.end());
  }
  add_best_validation(result.results, position_.history);
  result.hashes.metrics = hash_metrics(position_.history, result.results);
  const StateDict state(*model_.parameters);
  result.hashes.weights = hash_tensors(state.tensors());
  expect_equal_weights_on_all_ranks(result.hashes.weights, comm_);
  if (comm_.rank() == 0) {
    write_artifacts(options_.artifact_folder, config_, state, result.hashes.weights, drawn);
  }
}

}  // namespace

TrialResult train_trial(const TrialConfig& config,
                        const Dataset& dataset,
                        Communicator& comm,
                        TrialSink& sink,
                        const TrainerOptions& options) {
  // A resumed trial keeps the precision it began with, whatever a new probe would say.
  std::string precision;
  if (comm.rank() == 0) {
    if (const auto loaded = CheckpointFolder(options.checkpoint_folder).load_newest()) {
      precision = loaded->manifest.at("precision").get<std::string>();
    }
  }
  precision = comm.broadcast(precision);
  const at::Device device(options.device);
  if (device.is_cuda()) select_kernels(config.training.reproducible);
  if (precision.empty()) precision = resolve_precision(config, dataset, comm, device);
  Model model = build_model(config, image_shape(dataset.train()), dataset.classes());
  return Trainer(config, dataset, comm, sink, options, model, {device, precision == "bf16"}).run();
}

}  // namespace headway
