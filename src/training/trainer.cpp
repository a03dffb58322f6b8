#include "training/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "base/time.h"
#include "base/weights_file.h"
#include "data/split.h"
#include "training/epoch.h"
#include "training/evaluation.h"
#include "training/final_results.h"
#include "training/resumption.h"
#include "training/state/checkpoint_saver.h"
#include "training/step/precision.h"

namespace headway {
namespace {

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
        steps_per_epoch_(
            steps_per_epoch(static_cast<std::int64_t>(split_.train.size()), config.training)),
        model_(model),
        step_(config, dataset.train(), model, execution, comm),
        evaluator_(config, model, execution, comm),
        rate_(config, steps_per_epoch_),
        state_(*model.parameters, step_, rate_, comm),
        saver_({options.checkpoint_folder,
                options.artifact_folder / SweepLayout::kBestWeights,
                headway::trial_id(config)},
               options.checkpoints,
               state_,
               comm) {
    std::iota(test_samples_.begin(), test_samples_.end(), 0);
    position_.precision = execution.bf16 ? "bf16" : "fp32";
    position_.data_sha256 = dataset.identity().sha256;
    evaluator_.set_watch({.stop_requested = options.stop_requested_in_evaluation,
                          .batch_done =
                              [this] {
                                ++evaluated_batches_;
                                report("evaluating");
                              },
                          .checkpoint_due = [this] { return saver_.asks_for_save(); },
                          .checkpoint = [this] { save(); }});
  }

  /// From `checkpoint`, or from the start.
  TrialResult run(const std::optional<LoadedCheckpoint>& checkpoint);
  /// The end of a run that EvaluationStopped broke off.
  TrialResult stop_in_evaluation();

 private:
  void begin(const std::optional<LoadedCheckpoint>& checkpoint);
  void resume_from(const LoadedCheckpoint& checkpoint);
  void take_over(const LoadedCheckpoint& checkpoint);
  void expect_place_in_trial(const TrialPosition& position) const;
  /// How and why training ends before its last step.
  struct EarlyEnd {
    TrialEnd end;
    std::string message;
  };
  /// Nothing when the epoch's steps are all done and have left a state that can be used.
  std::optional<EarlyEnd> train_epoch();
  /// Asked before a state is saved, evaluated or exported: what is not finite stays so. Collective.
  std::optional<EarlyEnd> divergence();
  void finish_epoch();
  void evaluate(EpochRecord& record);
  void for_evaluated_splits(const auto& evaluate) const;
  void evaluate_finished_model(SplitMetrics& values);
  void save(const CheckpointSaver::Request& request = {});
  void save_after_epoch();
  TrialResult ended(TrialEnd end, std::string message) const;
  TrialResult ended_early(EarlyEnd end);
  TrialResult finish();
  std::string place() const;
  void write_results(const TrialResult& result, const StateDict& weights);
  void report(const char* phase) const;
  Evaluator::Splits splits() const;
  bool is_last(const EpochRecord& r) const { return r.epoch == config_.training.epochs; }
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
  CheckpointSaver saver_;
  TrialPosition position_;
  std::int64_t resumed_from_ = 0;
  std::int64_t evaluated_batches_ = 0;     // by this attempt
  bool finished_model_evaluated_ = false;  // by this attempt
  EpochSpeed speed_;
};

void Trainer::report(const char* phase) const {
  if (comm_.rank() != 0) return;
  sink_.progress({position_.epochs_done + 1,
                  config_.training.epochs,
                  position_.steps_done,
                  total_steps(),
                  speed_.images_per_second(),
                  phase,
                  evaluated_batches_});
}

void Trainer::save(const CheckpointSaver::Request& request) {
  report("saving");
  position_.evaluation = evaluator_.progress();
  saver_.save(position_, request);
  position_.evaluation = {};
}

void Trainer::save_after_epoch() {
  CheckpointSaver::Request request{.checkpoint = saver_.is_due_after_epoch(position_.epochs_done)};
  if (options_.checkpoints.keep_best) {
    const EpochRecord* best = best_validation(position_.history);
    if (best != nullptr && best->epoch == position_.epochs_done) {
      request.best_accuracy = top1_accuracy_of(best->values.at("validation"));
    }
  }
  if (request.checkpoint || request.best_accuracy) save(request);
}

std::string Trainer::place() const {
  return fmt::format("epoch {}, step {}", position_.epochs_done + 1, position_.steps_done);
}

std::optional<Trainer::EarlyEnd> Trainer::divergence() {
  const auto what = state_.not_finite();
  if (!what) return std::nullopt;
  return EarlyEnd{
      TrialEnd::kDiverged,
      fmt::format("the state after step {} is not finite: {}", position_.steps_done, *what)};
}

std::optional<Trainer::EarlyEnd> Trainer::train_epoch() {
  const std::int64_t epoch = position_.epochs_done;
  const auto order = epoch_order(split_.train, config_.effective_order_seed(), epoch);
  while (position_.steps_in_epoch < steps_per_epoch_) {
    const double start = monotonic_seconds();
    const auto batch = batch_of_step(order, position_.steps_in_epoch, config_.training);
    const StepOutcome outcome =
        step_.run({batch,
                   epoch,
                   rate_.at_step(position_.steps_done),
                   options_.stop_requested(),
                   saver_.asks_for_save(),
                   batch_of_step(order, position_.steps_in_epoch + 1, config_.training)});
    ++position_.steps_in_epoch;
    ++position_.steps_done;
    speed_.add_step(monotonic_seconds() - start, batch.size());
    if (!std::isfinite(outcome.mean_loss)) {
      return EarlyEnd{TrialEnd::kDiverged, "the loss is not finite at " + place()};
    }
    const bool due = outcome.checkpoint || saver_.is_due_after_step(position_.steps_done);
    if (outcome.stop || due) {
      if (auto diverged = divergence()) return diverged;
      save();
    }
    if (outcome.stop) return EarlyEnd{TrialEnd::kStopped, "stopped at " + place()};
    report("training");
  }
  return divergence();
}

Evaluator::Splits Trainer::splits() const {
  Evaluator::Splits all{{"train", {dataset_.train(), split_.train}},
                        {"test", {dataset_.test(), test_samples_}}};
  if (!split_.validation.empty()) {
    all.insert({"validation", {dataset_.train(), split_.validation}});
  }
  return all;
}

void Trainer::for_evaluated_splits(const auto& evaluate) const {
  const Evaluator::Splits all = splits();
  for (const char* name : {"validation", "test"}) {
    const auto split = all.find(name);
    if (split != all.end()) evaluate(*split);
  }
}

// The first of the passes over the finished model, which finish() goes on with. What a checkpoint
// knows of them is not computed again.
void Trainer::evaluate_finished_model(SplitMetrics& values) {
  for_evaluated_splits([&](const Evaluator::Splits::value_type& split) {
    values[split.first] = evaluator_.final_accuracy(split);
  });
  finished_model_evaluated_ = true;
}

void Trainer::evaluate(EpochRecord& record) {
  report("evaluating");
  step_.buffers().select_mean();
  if (is_last(record)) {
    evaluate_finished_model(record.values);
  } else {
    for_evaluated_splits([&](const Evaluator::Splits::value_type& split) {
      record.values[split.first] = evaluator_.accuracy(split.second);
    });
    evaluator_.restart();
  }
  // Only now, when no stop can come in between, after which all would be evaluated again.
  const std::string watched = rate_.schedule().watched_metric();
  if (!split_.validation.empty() && !watched.empty()) {
    rate_.schedule().observe(value_of(record.values["validation"], watched));
  }
}

void Trainer::finish_epoch() {
  const double learning_rate = rate_.at_step(std::max<std::int64_t>(position_.steps_done - 1, 0));
  EpochRecord record{position_.epochs_done + 1, position_.steps_done, {}};
  record.values["train"] = train_metrics(
      state_.merged_train_sums(), learning_rate, speed_.images_per_second(), dataset_.classes());
  if (is_last(record) || record.epoch % config_.evaluation.every == 0) evaluate(record);
  if (comm_.rank() == 0) sink_.epoch_ended(record);
  position_.history.push_back(std::move(record));
  ++position_.epochs_done;
  position_.steps_in_epoch = 0;
  std::ranges::fill(step_.sums(), TrainSums{});
  speed_ = {};
  save_after_epoch();
}

TrialResult Trainer::ended(TrialEnd end, std::string message) const {
  TrialResult result;
  result.end = end;
  result.message = std::move(message);
  result.precision = position_.precision;
  result.class_vectors_sha256 = model_.drawn_class_vectors.sha256;
  result.resumed_from_step = resumed_from_;
  return result;
}

TrialResult Trainer::stop_in_evaluation() {
  save();
  saver_.finish();
  return ended(
      TrialEnd::kStopped,
      fmt::format("stopped in the evaluation after step {}; this attempt evaluated {} batches",
                  position_.steps_done,
                  evaluated_batches_));
}

void Trainer::begin(const std::optional<LoadedCheckpoint>& checkpoint) {
  if (options_.checkpoints.keep_best && split_.validation.empty()) {
    throw ConfigError(
        "the best checkpoint cannot be told without validation images: set "
        "dataset.validation_fraction, or leave out resources.keep_best_checkpoint");
  }
  if (checkpoint) resume_from(*checkpoint);
  if (comm_.rank() != 0) return;
  sink_.started(resumed_from_, position_.precision);
  for (const EpochRecord& record : position_.history) sink_.epoch_restored(record);
}

// Nothing has been recorded yet, so whatever is wrong with it, the one before may do.
void Trainer::resume_from(const LoadedCheckpoint& checkpoint) {
  std::string trouble;
  try {
    take_over(checkpoint);
  } catch (const ConfigError& error) {
    trouble = error.what();
  } catch (const nlohmann::json::exception& error) {
    trouble = error.what();
  } catch (const std::logic_error& error) {  // expectations
    trouble = error.what();
  }
  if (comm_.all_reduce_or(trouble.empty() ? 0U : 1U) == 0) return;
  throw UnusableCheckpoint(trouble.empty() ? "another rank cannot use it" : trouble);
}

void Trainer::take_over(const LoadedCheckpoint& checkpoint) {
  const std::string own = headway::trial_id(config_);
  const std::string of = checkpoint.manifest.value(kTrialIdOfWeights, own);  // older ones don't say
  if (of != own) throw ConfigError(fmt::format("it is one of trial '{}'", of));
  TrialPosition restored = state_.restore(checkpoint);
  expects(restored.precision == position_.precision, "a checkpoint keeps its precision");
  expect_place_in_trial(restored);
  restored.data_sha256 = position_.data_sha256;
  position_ = std::move(restored);
  resumed_from_ = position_.steps_done;
  saver_.resumed_from(position_);
  evaluator_.restart(std::exchange(position_.evaluation, {}));
}

void Trainer::expect_place_in_trial(const TrialPosition& position) const {
  // Short of an epoch's evaluation, all its steps are done, but not yet the epoch.
  const bool is_one =
      position.epochs_done <= config_.training.epochs &&
      position.steps_in_epoch <= steps_per_epoch_ && position.steps_done <= total_steps() &&
      position.steps_done == position.epochs_done * steps_per_epoch_ + position.steps_in_epoch;
  if (is_one) return;
  throw ConfigError(
      fmt::format("{} epochs and {} steps are not its step {}; the trial has {} epochs of {} steps",
                  position.epochs_done,
                  position.steps_in_epoch,
                  position.steps_done,
                  config_.training.epochs,
                  steps_per_epoch_));
}

TrialResult Trainer::run(const std::optional<LoadedCheckpoint>& checkpoint) {
  begin(checkpoint);
  while (position_.epochs_done < config_.training.epochs) {
    if (auto end = train_epoch()) return ended_early(std::move(*end));
    finish_epoch();
  }
  return finish();
}

TrialResult Trainer::ended_early(EarlyEnd end) {
  saver_.finish();  // who says that it stopped has its state on disk
  return ended(end.end, std::move(end.message));
}

TrialResult Trainer::finish() {
  // Of an epoch without steps, or a checkpoint of an earlier version, nothing is known yet.
  if (auto diverged = divergence()) return ended_early(std::move(*diverged));
  TrialResult result = ended(TrialEnd::kDone, "");
  // What follows may take as long as an epoch: a fault there should not cost the training.
  const bool due = saver_.seconds_since_save() > options_.checkpoints.seconds / 4;
  if (comm_.all_reduce_or(due ? 1U : 0U) != 0) save();  // clocks differ between ranks
  report("evaluating");
  result.hashes.state = state_.state_sha256();
  step_.buffers().select_mean();
  if (!position_.history.empty()) {
    result.results = position_.history.back().values;
    if (!finished_model_evaluated_) evaluate_finished_model(result.results);
  } else {
    result.results["test"] = evaluator_.final_accuracy(*splits().find("test"));
  }
  append(result.results, evaluator_.final_statistics(splits()));
  if (const auto what = undefined_accuracy(result.results)) {
    return ended_early({TrialEnd::kDiverged, "the finished model is of no use: " + *what});
  }
  add_best_validation(result.results, position_.history);
  result.hashes.metrics = hash_metrics(position_.history, result.results);
  const StateDict weights(*model_.parameters);
  result.hashes.weights = hash_tensors(weights.tensors());
  expect_equal_weights_on_all_ranks(result.hashes.weights, comm_);
  write_results(result, weights);
  return result;
}

void Trainer::write_results(const TrialResult& result, const StateDict& weights) {
  std::string remark;
  saver_.write([&] {
    write_artifacts(options_.artifact_folder,
                    config_,
                    weights,
                    result.hashes.weights,
                    model_.drawn_class_vectors);
    if (!options_.checkpoints.keep_best) return;
    remark = check_best_weights(
        options_.artifact_folder, trial_id(config_), best_validation(position_.history));
  });
  if (!remark.empty()) sink_.remark(remark);
}

TrialResult train_from(const std::optional<LoadedCheckpoint>& checkpoint,
                       const TrialConfig& config,
                       const Dataset& dataset,
                       Communicator& comm,
                       TrialSink& sink,
                       const TrainerOptions& options) {
  const at::Device device(options.device);
  const std::string precision =
      checkpoint ? precision_of(*checkpoint) : resolve_precision(config, dataset, comm, device);
  const ImageSet& images = dataset.train();
  Model model =
      build_model(config, {images.channels, images.height, images.width}, dataset.classes());
  Trainer trainer(config, dataset, comm, sink, options, model, {device, precision == "bf16"});
  try {
    return trainer.run(checkpoint);
  } catch (const EvaluationStopped&) {
    return trainer.stop_in_evaluation();
  }
}

}  // namespace

TrialResult train_trial(const TrialConfig& config,
                        const Dataset& dataset,
                        Communicator& comm,
                        TrialSink& sink,
                        const TrainerOptions& options) {
  if (at::Device(options.device).is_cuda()) select_gpu_kernels(config.training.reproducible);
  TrialResult result;
  train_from_newest({.checkpoint_folder = options.checkpoint_folder,
                     .dataset = config.dataset,
                     .data = dataset.identity(),
                     .may_begin_anew = options.may_begin_anew},
                    comm,
                    sink,
                    [&](const std::optional<LoadedCheckpoint>& checkpoint) {
                      result = train_from(checkpoint, config, dataset, comm, sink, options);
                    });
  return result;
}

}  // namespace headway
