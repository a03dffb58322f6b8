#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/host.h"
#include "base/input_output_error.h"
#include "base/logging.h"
#include "base/memory_use.h"
#include "base/retry_while_disk_full.h"
#include "base/sweep_layout.h"
#include "base/time.h"
#include "base/watched_folder.h"
#include "comm/nccl/device_array.h"
#include "data/data_files.h"
#include "runner/worker/dataset_cache.h"
#include "runner/worker/disk_retries.h"
#include "runner/worker/evaluation_checkpoint.h"
#include "runner/worker/evaluation_source.h"
#include "runner/worker/finished_data.h"
#include "runner/worker/recording_sink.h"
#include "runner/worker/stack_traces.h"
#include "runner/worker/stop_request.h"
#include "runner/worker/trained_as.h"
#include "runner/worker/trial_failure.h"
#include "runner/worker/worker_verbs.h"
#include "scheduling/claims/crash_report.h"
#include "scheduling/claims/heartbeat.h"
#include "training/suites/suite.h"

namespace headway {
namespace {

/// One evaluation of one trial: from the claim to its record.
class EvaluationAttempt {
 public:
  EvaluationAttempt(const GroupSettings& settings,
                    ClaimedEvaluation& claimed,
                    SegmentWriter& segment)
      : settings_(settings),
        claimed_(claimed),
        segment_(segment),
        config_(claimed.trial.config()),
        trained_(trained_as(claimed.records)),
        heartbeat_(claimed.claim, loading()) {}

  /// kExitDone, or how the process should end: kExitFailed when it is in no state to go on,
  /// kExitDiskFailed when the disk is,
  /// kExitUsage when the data are not those that the trial was trained on.
  int run(DatasetCache& datasets);

 private:
  static Progress loading() {
    Progress progress;
    progress.phase = kLoading;
    return progress;
  }
  SplitMetrics evaluate(const Dataset& dataset, Communicator& alone, const std::string& device);
  /// The same, from where an earlier attempt was broken off.
  SplitMetrics go_on(FinishedTrial& trial, EvaluationCheckpoint& kept);
  EvaluationCheckpoint checkpoint(const std::string& device) const;
  void packed(std::int64_t images);
  void batch_done();
  bool must_stop() const { return stop_requested() || heartbeat_.fenced(); }
  bool is_overtaken() const { return heartbeat_.fenced() || claimed_.claim.fenced(); }
  void record(const SplitMetrics& results, const std::string& device);
  int refuse(const ConfigError& error);
  void record_failure(const std::string& failure, const std::string& message);
  void wait_out_full_disk(const std::function<void()>& action);

  const GroupSettings& settings_;
  ClaimedEvaluation& claimed_;
  SegmentWriter& segment_;
  TrialConfig config_;
  TrainedAs trained_;
  WatchedFolder sweep_folder_{settings_.sweep_directory};
  double start_ = monotonic_seconds();
  std::int64_t batches_ = 0;
  Heartbeat heartbeat_;
};

// Of the machine's files, not of the trial: it stays open, and others would be refused alike.
int EvaluationAttempt::refuse(const ConfigError& error) {
  record_failure("preempted", error.what());
  return kExitUsage;
}

int EvaluationAttempt::run(DatasetCache& datasets) {
  const MemoryUse before = memory_use(::getpid()).value_or(MemoryUse{});
  try {
    const std::string device = device_to_run_on(settings_.device, trained_);
    if (device == "cuda") select_gpu(0);
    at::set_num_threads(static_cast<int>(trained_.threads_per_rank));
    const auto alone = make_single_process_communicator();
    config_.dataset =
        find_data_of_finished_trial(config_.dataset, trained_, settings_.sweep_directory);
    const Dataset& dataset =
        datasets.get(config_.dataset,
                     *alone,
                     {.decoded = [this](std::int64_t images) { packed(images); },
                      .give_up = [this] { return must_stop(); }});
    record(evaluate(dataset, *alone, device), device);
    if (!is_overtaken()) checkpoint(device).clear();
  } catch (const EvaluationStopped&) {
    record_failure("preempted", stop_reason());
  } catch (const LoadingGivenUp&) {
    record_failure("preempted", stop_reason());
  } catch (const StoppedOnFullDisk& error) {
    record_failure("preempted", fmt::format("{}; {}", stop_reason(), error.what()));
  } catch (const OtherDataError& error) {
    return refuse(error);
  } catch (const DataNotFound& error) {
    return refuse(error);
  } catch (...) {
    if (sweep_folder_.is_gone()) throw;
    const TrialFailure failure = current_failure(config_, /*ranks=*/1, before);
    record_failure(failure.failure, failure.message);
    if (failure.is_of_the_disk) return kExitDiskFailed;
    return failure.all_ranks_alike ? kExitDone : kExitFailed;
  }
  return kExitDone;
}

SplitMetrics EvaluationAttempt::evaluate(const Dataset& dataset,
                                         Communicator& alone,
                                         const std::string& device) {
  const SweepLayout layout(settings_.sweep_directory);
  const TrialId& id = claimed_.trial.trial_id;
  FinishedTrial trial(
      {.config = config_, .weights = layout.weights(id), .trained = trained_, .device = device},
      dataset,
      alone);
  EvaluationCheckpoint kept = checkpoint(device);
  return go_on(trial, kept);
}

SplitMetrics EvaluationAttempt::go_on(FinishedTrial& trial, EvaluationCheckpoint& kept) {
  Evaluator& evaluator = trial.evaluator();
  const auto save = [&] {
    if (!is_overtaken()) wait_out_full_disk([&] { kept.save(evaluator.progress()); });
  };
  evaluator.restart(kept.load());
  evaluator.set_watch({.stop_requested = [this] { return must_stop(); },
                       .batch_done = [this] { batch_done(); },
                       .checkpoint_due = [&kept] { return kept.is_due(); },
                       .checkpoint = save});
  try {
    trial.expect_recorded_results();
    return evaluate_suite(settings_.suite, trial);
  } catch (const EvaluationStopped&) {
    save();
    throw;
  }
}

EvaluationCheckpoint EvaluationAttempt::checkpoint(const std::string& device) const {
  const SweepLayout evaluation(SweepLayout(settings_.sweep_directory).evaluation(settings_.suite));
  return {evaluation.checkpoints(claimed_.trial.trial_id),
          {{"weights_sha256", trained_.weights_sha256},
           {"precision", trained_.precision},
           {"device", device},
           {"threads_per_rank", trained_.threads_per_rank},
           {"version", version_text()}},
          settings_.checkpoints.seconds};
}

void EvaluationAttempt::packed(std::int64_t images) {
  Progress progress;
  progress.phase = kPacking;
  progress.packed_images = images;
  heartbeat_.set_progress(progress);
}

void EvaluationAttempt::batch_done() {
  Progress progress;
  progress.phase = "evaluating";
  progress.evaluated_batches = ++batches_;
  heartbeat_.set_progress(progress);
}

void EvaluationAttempt::record(const SplitMetrics& results, const std::string& device) {
  // Right before the record: a process may be stopped at any time, and go on when it is too late.
  if (is_overtaken()) return;
  const double seconds = monotonic_seconds() - start_;
  const Evaluated evaluated{.trial_id = claimed_.trial.trial_id,
                            .evaluation = settings_.suite,
                            .attempt = claimed_.records.training.highest_attempt(),
                            .weights_sha256 = trained_.weights_sha256,
                            .claim = claimed_.claim.attempt(),
                            .group = settings_.group,
                            .host = host_name(),
                            .device = device,
                            .precision = trained_.precision,
                            .threads_per_rank = trained_.threads_per_rank,
                            .duration_s = seconds,
                            .results = recorded_values(results),
                            .missing = missing_reasons(results)};
  wait_out_full_disk([&] { segment_.append(evaluated, Flush::kNow); });
  log_info("trial {}: {} done in {} ({}, {})",
           claimed_.trial.trial_id,
           settings_.suite,
           format_duration(seconds),
           device,
           trained_.precision);
}

void EvaluationAttempt::record_failure(const std::string& failure, const std::string& message) {
  if (is_overtaken()) return;
  const auto root = SweepLayout(settings_.sweep_directory).evaluation(settings_.suite);
  EvaluationFailed failed{.trial_id = claimed_.trial.trial_id,
                          .evaluation = settings_.suite,
                          .claim = claimed_.claim.attempt(),
                          .failure = failure,
                          .message = message};
  if (failure == failure_name(FailureClass::kOom)) {
    failed.groups_beside = groups_beside(root, GroupName(settings_.group));
  }
  wait_out_full_disk([&] { segment_.append(failed, Flush::kNow); });
  const bool was_stopped = failure == failure_name(FailureClass::kPreempted);
  log_warning("trial {}: {} {}: {}",
              claimed_.trial.trial_id,
              settings_.suite,
              was_stopped ? "interrupted" : "failed (" + failure + ")",
              message);
}

void EvaluationAttempt::wait_out_full_disk(const std::function<void()>& action) {
  retry_while_disk_full([&] { ride_out_io_errors(action); },
                        {.began =
                             [this](const std::string& what) {
                               heartbeat_.set_waiting_for_disk(true);
                               log_warning(
                                   "trial {}: {}; nothing is lost: waiting until there is room",
                                   claimed_.trial.trial_id,
                                   what);
                             },
                         .ended = [this] { heartbeat_.set_waiting_for_disk(false); },
                         .give_up = stop_requested});
}

}  // namespace

namespace {

int evaluate_until_none_is_left(const GroupSettings& settings) {
  component(Family::kSuite, settings.suite);
  std::optional<EvaluationSource> source;
  std::optional<SegmentWriter> segment;
  ride_out_io_errors([&] {
    source.emplace(EvaluationSource::Task{settings.sweep_directory,
                                          settings.suite,
                                          {settings.trials.begin(), settings.trials.end()}},
                   ClaimOwner{this_process(), GroupName(settings.group), 1});
    segment.emplace(
        settings.sweep_directory,
        WriterRecord{.role = "worker", .torch_version = torch_version(), .group = settings.group});
  });
  const auto claims_root = SweepLayout(settings.sweep_directory).evaluation(settings.suite);
  DatasetCache datasets;
  while (!stop_requested()) {
    std::optional<ClaimedEvaluation> claimed;
    const auto take = [&] { claimed = source->next(); };
    retry_while_disk_full([&] { ride_out_io_errors(take); }, {.give_up = stop_requested});
    if (!claimed) break;
    set_crash_report_file(
        crash_report_file(claims_root, claimed->trial.trial_id, claimed->claim.attempt(), 0));
    const int end = EvaluationAttempt(settings, *claimed, *segment).run(datasets);
    set_crash_report_file("");
    if (end != kExitDone) return end;
  }
  if (!stop_requested()) return 0;
  log_info("group {} leaves: {}", settings.group, stop_reason());
  return kExitYielded;
}

}  // namespace

// A request to stop that finds the disk full may leave no record: the exit code tells the
// supervisor.
int evaluate(const GroupSettings& settings) {
  try {
    return evaluate_until_none_is_left(settings);
  } catch (const StoppedOnFullDisk& error) {
    log_info("group {} leaves: {}; {}", settings.group, stop_reason(), error.what());
    return kExitYielded;
  } catch (const InputOutputError& error) {
    log_error("{}", error.what());
    return kExitDiskFailed;
  }
}

}  // namespace headway
