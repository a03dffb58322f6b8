#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/environment.h"
#include "base/errors.h"
#include "base/exit_code.h"
#include "base/host.h"
#include "base/input_output_error.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/memory_use.h"
#include "base/retry_while_disk_full.h"
#include "base/sweep_layout.h"
#include "base/time.h"
#include "base/watched_folder.h"
#include "comm/nccl/device_array.h"
#include "config/yaml/trial_reader.h"
#include "data/dataset.h"
#include "runner/worker/dataset_cache.h"
#include "runner/worker/disk_retries.h"
#include "runner/worker/recording_sink.h"
#include "runner/worker/stack_traces.h"
#include "runner/worker/stop_request.h"
#include "runner/worker/trial_failure.h"
#include "runner/worker/trial_source.h"
#include "runner/worker/worker_verbs.h"
#include "scheduling/claims/crash_report.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kTimeForOthersReports{300};

// What the ranks other than 0 see: they keep no records.
class SilentSink final : public TrialSink {
 public:
  void started(std::int64_t, const std::string&) override {}
  void epoch_ended(const EpochRecord&) override {}
  void progress(const TrainingProgress&) override {}
};

std::optional<std::string> only_trial_of(const GroupSettings& settings) {
  return settings.only_trial.empty() ? std::nullopt : std::optional(settings.only_trial);
}

// Since mpirun, or this process where there is none, was started: the group's limit counts from
// then, and loading libraries takes a while.
double seconds_since_launch(int ranks) {
  const ProcessIdentity self = this_process();
  const ProcessIdentity launched = ranks > 1 ? parent_of(self).value_or(self) : self;
  timespec since_boot{};
  if (::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) throw_errno("clock_gettime");
  const double now =
      static_cast<double>(since_boot.tv_sec) + 1e-9 * static_cast<double>(since_boot.tv_nsec);
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return std::max(0.0, now - static_cast<double>(launched.start_ticks) / ticks_per_second);
}

/// What rank 0 tells the others about the next trial.
struct Assignment {
  TrialConfig config;
  TrialId trial_id;
  int attempt = 0;
  bool may_begin_anew = false;  // on other data than those of its checkpoint
};

class WorkerGroup {
 public:
  WorkerGroup(const GroupSettings& settings, Communicator& comm);
  int serve();

 private:
  int serve_until_nothing_suits();
  /// The next trial, on all ranks; nothing when there is none.
  std::optional<Assignment> next();
  TrialResult train(const Assignment& assignment, TrialSink& sink);
  const Dataset& load(const DatasetConfig& config);
  void train_and_record(const Assignment& assignment);
  void train_to_the_end(const Assignment& assignment, TrialSink& sink);
  void fail(const Assignment& assignment, const TrialFailure& failure);
  void refuse(const OtherDataError& error);
  void stop(const StoppedOnFullDisk& error);
  void expect_recorded_data(const Assignment& assignment, const DataIdentity& data);
  [[noreturn]] void fail_alone(const Assignment& assignment, const TrialFailure& failure);
  static ExitCode exit_code_of(const TrialFailure& failure);
  bool out_of_time() const { return group_.budget.must_stop(monotonic_seconds()); }
  /// Whether the running trial should stop at its next step.
  bool stop_now() const;

  GroupContext group_;
  Communicator& comm_;
  DatasetCache datasets_;
  MemoryUse before_;                // this rank's, before its first step
  bool is_short_of_time_ = false;   // rank 0
  std::optional<ExitCode> broken_;  // how it ends: a trial left it in no state to go on
  WatchedFolder sweep_folder_;
  bool is_refused_ = false;                 // the data are not those of the records
  std::unique_ptr<TrialSource> source_;     // rank 0
  std::unique_ptr<SegmentWriter> segment_;  // rank 0
  std::optional<ClaimedTrial> claimed_;     // rank 0
  std::unique_ptr<RecordingSink> sink_;     // rank 0
};

WorkerGroup::WorkerGroup(const GroupSettings& settings, Communicator& comm)
    : group_{settings, comm.size()}, comm_(comm), sweep_folder_(settings.sweep_directory) {
  if (comm.rank() != 0) return;
  if (settings.time_limit_seconds) {
    const double left = *settings.time_limit_seconds - seconds_since_launch(comm.size());
    group_.budget = TimeBudget(monotonic_seconds() + left, comm.size());
  }
  const ClaimOwner owner{this_process(), GroupName(settings.group), comm.size()};
  ride_out_io_errors([&] {
    source_ =
        std::make_unique<TrialSource>(settings.sweep_directory, owner, only_trial_of(settings));
    segment_ = std::make_unique<SegmentWriter>(
        settings.sweep_directory,
        WriterRecord{.role = "worker", .torch_version = torch_version(), .group = settings.group});
  });
}

bool WorkerGroup::stop_now() const {
  if (stop_requested()) return true;
  return sink_ && (sink_->fenced() || sink_->cancelled() || out_of_time());
}

std::optional<Assignment> WorkerGroup::next() {
  // A rank that was asked alone stops every trial at its first step: all must leave with it.
  if (comm_.all_reduce_or(stop_requested() ? 1U : 0U) != 0) return std::nullopt;
  nlohmann::json message;
  if (comm_.rank() == 0) {
    is_short_of_time_ = !group_.budget.may_start(monotonic_seconds());
    if (!is_short_of_time_) {
      const auto take = [this] { claimed_ = source_->next(stop_requested); };
      retry_while_disk_full([&] { ride_out_io_errors(take); },
                            {.began = [](const std::string& what) { log_warning("{}", what); },
                             .give_up = stop_requested});
    }
    if (claimed_) {
      message = {{"config", to_canonical_json(claimed_->trial.config)},
                 {"trial_id", claimed_->trial.trial_id},
                 {"attempt", claimed_->claim.attempt()},
                 {"may_begin_anew", claimed_->may_begin_anew}};
    }
  }
  const std::string text = comm_.broadcast(message.is_null() ? "" : message.dump());
  if (text.empty()) return std::nullopt;
  const auto json = parse_json(text);
  return Assignment{trial_config_from_json(json.at("config")),
                    json.at("trial_id"),
                    json.at("attempt"),
                    json.at("may_begin_anew")};
}

const Dataset& WorkerGroup::load(const DatasetConfig& config) {
  LoadWatch watch{.give_up = [this] { return stop_now(); }};
  if (sink_) watch.decoded = [this](std::int64_t images) { sink_->packed(images); };
  return datasets_.get(config, comm_, watch);
}

TrialResult WorkerGroup::train(const Assignment& assignment, TrialSink& sink) {
  expect_agreement(comm_, "the trial's configuration", to_canonical_json(assignment.config).dump());
  const SweepLayout directory(group_.settings.sweep_directory);
  TrainerOptions trainer;
  trainer.checkpoint_folder = directory.checkpoints(assignment.trial_id);
  trainer.artifact_folder = directory.artifacts(assignment.trial_id);
  trainer.checkpoints = group_.settings.checkpoints;
  trainer.may_begin_anew = assignment.may_begin_anew;
  trainer.device = group_.settings.device;
  trainer.stop_requested = [this] { return stop_now(); };
  trainer.stop_requested_in_evaluation = trainer.stop_requested;
  const Dataset& dataset = load(assignment.config.dataset);
  expect_recorded_data(assignment, dataset.identity());
  if (sink_) sink_->set_data(dataset.identity());
  if (before_.peak_bytes == 0) before_ = memory_use(::getpid()).value_or(MemoryUse{});
  return train_trial(assignment.config, dataset, comm_, sink, trainer);
}

// Rank 0 knows the records.
void WorkerGroup::expect_recorded_data(const Assignment& assignment, const DataIdentity& data) {
  std::string conflict;
  if (comm_.rank() == 0) {
    ride_out_io_errors(
        [&] { conflict = source_->data_conflict(assignment.config.dataset, data).value_or(""); });
  }
  conflict = comm_.broadcast(conflict);
  if (!conflict.empty()) throw OtherDataError(conflict);
}

// A checkpoint that finds no room strikes all ranks alike. The trial goes on from the one before
// it as soon as there is room, in the same attempt: the bits do not change.
void WorkerGroup::train_to_the_end(const Assignment& assignment, TrialSink& sink) {
  const auto train_and_tell = [&] {
    const TrialResult result = train(assignment, sink);
    if (!sink_) return;
    sink_->finished(result);
    if (result.end != TrialEnd::kDone || sink_->fenced()) return;
    CheckpointFolder(SweepLayout(group_.settings.sweep_directory).checkpoints(assignment.trial_id))
        .clear();
  };
  if (sink_) return sink_->wait_out_full_disk(train_and_tell);
  retry_while_disk_full(train_and_tell, {.give_up = stop_requested});
}

void WorkerGroup::train_and_record(const Assignment& assignment) {
  SilentSink silent;
  if (comm_.rank() == 0) {
    const auto make_sink = [&] {
      sink_ = std::make_unique<RecordingSink>(
          *segment_, claimed_->claim, group_, assignment.config.training.epochs);
    };
    retry_while_disk_full([&] { ride_out_io_errors(make_sink); }, {.give_up = stop_requested});
  }
  set_crash_report_file(crash_report_file(
      group_.settings.sweep_directory, assignment.trial_id, assignment.attempt, comm_.rank()));
  try {
    train_to_the_end(assignment, sink_ ? static_cast<TrialSink&>(*sink_) : silent);
  } catch (const OtherDataError& error) {
    refuse(error);
  } catch (const StoppedOnFullDisk& error) {
    stop(error);
  } catch (const LoadingGivenUp& stopped) {
    if (sink_) sink_->stopped(stopped.what());
  } catch (...) {
    fail(assignment, current_failure(assignment.config, comm_.size(), before_));
  }
  set_crash_report_file("");
  sink_.reset();
  claimed_.reset();
}

// Of the machine or its files, not of the trial: other trials would be refused alike.
void WorkerGroup::refuse(const OtherDataError& error) {
  log_error("{}", error.what());
  if (sink_) sink_->refused(error.what());
  is_refused_ = true;
}

// Nothing is wrong with the trial: it goes on from its last checkpoint.
void WorkerGroup::stop(const StoppedOnFullDisk& error) {
  if (sink_) sink_->stopped(fmt::format("stopped while the disk was full: {}", error.what()));
  if (comm_.size() > 1) throw error;  // the other ranks may wait for this one
}

ExitCode WorkerGroup::exit_code_of(const TrialFailure& failure) {
  return failure.is_of_the_disk ? kExitDiskFailed : kExitFailed;
}

// An error is collective or fatal: one that follows from the configuration strikes all ranks alike
// and ends the trial; any other, with peers waiting in a collective call, ends the group.
void WorkerGroup::fail(const Assignment& assignment, const TrialFailure& failure) {
  if (sweep_folder_.is_gone()) throw EnvironmentError("the sweep's folder is gone");
  if (comm_.size() > 1 && !failure.all_ranks_alike) fail_alone(assignment, failure);
  if (!failure.all_ranks_alike) broken_ = exit_code_of(failure);
  if (sink_) sink_->failed(failure.failure, failure.message);
}

// The first rank to fail is the cause; its peers may fail by its absence.
void WorkerGroup::fail_alone(const Assignment& assignment, const TrialFailure& failure) {
  const std::filesystem::path directory = group_.settings.sweep_directory;
  write_crash_report(
      crash_report_file(directory, assignment.trial_id, assignment.attempt, comm_.rank()),
      {comm_.rank(), failure.failure, failure.message});
  log_error("trial {}: {}", assignment.trial_id, failure.message);
  if (sink_) {
    std::this_thread::sleep_for(kTimeForOthersReports);
    const auto first = first_crash_report(directory, assignment.trial_id, assignment.attempt);
    const CrashReport report = first.value_or(CrashReport{0, failure.failure, failure.message});
    sink_->failed(report.failure, to_text(report, comm_.size()));
  }
  abort_all_ranks(exit_code_of(failure));
}

// A request to stop that finds the disk full may leave no record: the exit code tells the
// supervisor.
int WorkerGroup::serve() {
  try {
    return serve_until_nothing_suits();
  } catch (const StoppedOnFullDisk& error) {
    log_info("group {} leaves: {}; {}", group_.settings.group, stop_reason(), error.what());
    if (comm_.size() > 1) abort_all_ranks(kExitYielded);
    return kExitYielded;
  } catch (const InputOutputError& error) {
    log_error("{}", error.what());
    if (comm_.size() > 1) abort_all_ranks(kExitDiskFailed);
    return kExitDiskFailed;
  }
}

int WorkerGroup::serve_until_nothing_suits() {
  while (!broken_ && !is_refused_) {
    const std::optional<Assignment> assignment = next();
    if (!assignment) break;
    train_and_record(*assignment);
  }
  if (broken_) return *broken_;
  if (is_refused_) return kExitUsage;
  const bool short_of_time = is_short_of_time_ || (comm_.rank() == 0 && out_of_time());
  const std::uint32_t flags =
      comm_.all_reduce_or((stop_requested() ? 1U : 0U) | (short_of_time ? 2U : 0U));
  if (flags == 0) return kExitDone;
  const bool asked = (flags & 1U) != 0;
  const std::string why = !asked             ? "the time left does not suffice"
                          : stop_requested() ? stop_reason()
                                             : "another rank was asked to stop";
  log_info("group {} leaves: {}", group_.settings.group, why);
  return asked ? kExitYielded : kExitTimeBudget;
}

}  // namespace

namespace {

// One GPU per rank of this node; several groups are kept apart by CUDA_VISIBLE_DEVICES.
int local_gpu() {
  const int gpus = gpu_count();
  if (gpus == 0) throw EnvironmentError("no GPU is visible here; set resources.device to cpu");
  return launched_rank().rank % gpus;
}

}  // namespace

int serve(const GroupSettings& settings, Communicator& comm) {
  expect_agreement(comm, "the version of headway-worker", version_text());
  expect_agreement(comm,
                   "the kind and number of processors",
                   fmt::format("{}, {} threads", settings.device, settings.threads_per_rank));
  at::set_num_threads(static_cast<int>(settings.threads_per_rank));
  if (settings.device == "cuda") select_gpu(local_gpu());
  return WorkerGroup(settings, comm).serve();
}

}  // namespace headway
