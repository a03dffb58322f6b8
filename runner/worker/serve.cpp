#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <memory>
#include <new>
#include <nlohmann/json.hpp>

#include "base/environment.h"
#include "base/errors.h"
#include "base/logging.h"
#include "comm/device_array.h"
#include "data/dataset.h"
#include "runner/worker/commands.h"
#include "runner/worker/stop_request.h"
#include "runner/worker/trial_recorder.h"
#include "runner/worker/trial_source.h"
#include "store/sweep_directory.h"

namespace headway {
namespace {

constexpr int kYielded = 75;

// What the ranks other than 0 see: they keep no records.
class SilentSink final : public TrialSink {
 public:
  void started(std::int64_t, const std::string&) override {}
  void epoch_ended(const EpochRecord&) override {}
  void progress(const TrainingProgress&) override {}
};

// The data set of the last trial stays loaded: most sweeps use one.
class DatasetCache {
 public:
  const Dataset& get(const DatasetConfig& config) {
    if (!dataset_ || config.name != name_ || config.root != root_) {
      dataset_ = load_dataset(config);
      name_ = config.name;
      root_ = config.root;
    }
    return *dataset_;
  }

 private:
  std::string name_;
  std::string root_;
  std::unique_ptr<Dataset> dataset_;
};

class WorkerGroup {
 public:
  WorkerGroup(const ServeOptions& options, Communicator& comm);
  int serve();

 private:
  /// The next trial, on all ranks; nothing when there is none.
  std::optional<TrialConfig> next();
  TrialResult train(const TrialConfig& config, TrialSink& sink, const std::string& trial);
  void train_and_record(const TrialConfig& config);
  /// Does it on this rank, turning a trial's own errors into a failure class.
  bool stop_now() const;

  const ServeOptions& options_;
  Communicator& comm_;
  DatasetCache datasets_;
  std::unique_ptr<TrialSource> source_;      // rank 0
  std::unique_ptr<SegmentWriter> segment_;   // rank 0
  std::optional<ClaimedTrial> claimed_;      // rank 0
  std::unique_ptr<TrialRecorder> recorder_;  // rank 0
};

WorkerGroup::WorkerGroup(const ServeOptions& options, Communicator& comm)
    : options_(options), comm_(comm) {
  if (comm.rank() != 0) return;
  const ClaimOwner owner{this_process(), options.group, comm.size()};
  source_ = std::make_unique<TrialSource>(options.sweep_directory, owner, options.only_trial);
  segment_ = std::make_unique<SegmentWriter>(
      options.sweep_directory,
      "worker",
      nlohmann::json{{"torch_version", torch_version()}, {"group", options.group}});
}

bool WorkerGroup::stop_now() const {
  return stop_requested() || (recorder_ && recorder_->fenced());
}

std::optional<TrialConfig> WorkerGroup::next() {
  nlohmann::json message;
  if (comm_.rank() == 0 && !stop_requested()) {
    claimed_ = source_->next();
    if (claimed_) message = to_canonical_json(claimed_->trial.config);
  }
  const std::string text = comm_.broadcast(message.is_null() ? "" : message.dump());
  if (text.empty()) return std::nullopt;
  return trial_config_from_json(nlohmann::json::parse(text));
}

TrialResult WorkerGroup::train(const TrialConfig& config,
                               TrialSink& sink,
                               const std::string& trial) {
  const SweepDirectory directory(options_.sweep_directory);
  TrainerOptions trainer;
  trainer.checkpoint_folder = directory.checkpoints(trial);
  trainer.artifact_folder = directory.artifacts(trial);
  trainer.checkpoints = options_.checkpoints;
  trainer.device = options_.device;
  trainer.stop_requested = [this] { return stop_now(); };
  return train_trial(config, datasets_.get(config.dataset), comm_, sink, trainer);
}

// An error is collective or fatal: one that follows from the configuration strikes all ranks alike
// and ends the trial; any other, with peers waiting in a collective call, ends the group.
void WorkerGroup::train_and_record(const TrialConfig& config) {
  const std::string trial = trial_id(config);
  SilentSink silent;
  if (comm_.rank() == 0) {
    recorder_ = std::make_unique<TrialRecorder>(*segment_, claimed_->claim, options_, comm_.size());
  }
  TrialSink& sink = recorder_ ? static_cast<TrialSink&>(*recorder_) : silent;
  std::string failure;
  std::string message;
  bool all_ranks_alike = false;
  try {
    const TrialResult result = train(config, sink, trial);
    if (recorder_) recorder_->finished(result);
    if (recorder_ && result.end == TrialEnd::kDone && !recorder_->fenced()) {
      CheckpointFolder(SweepDirectory(options_.sweep_directory).checkpoints(trial)).clear();
    }
  } catch (const ConfigError& error) {
    failure = "error";
    message = error.what();
    all_ranks_alike = true;
  } catch (const std::bad_alloc&) {
    failure = "oom";
    message = "out of memory";
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    failure = text.find("not enough memory") != std::string::npos ||
                      text.find("out of memory") != std::string::npos
                  ? "oom"
                  : "error";
    message = text;
  }
  if (!failure.empty()) {
    if (recorder_) recorder_->failed(failure, message);
    if (comm_.size() > 1 && !all_ranks_alike) abort_all_ranks(1);
  }
  recorder_.reset();
  claimed_.reset();
}

int WorkerGroup::serve() {
  while (const std::optional<TrialConfig> config = next()) train_and_record(*config);
  const bool yielded = comm_.combine_flags(stop_requested() ? 1U : 0U) != 0;
  if (yielded) log_info("group {} leaves: {}", options_.group, stop_reason());
  return yielded ? kYielded : 0;
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

int serve(const ServeOptions& options, Communicator& comm) {
  expect_agreement(comm, "the version of headway-worker", version_text());
  expect_agreement(comm,
                   "the kind and number of processors",
                   fmt::format("{}, {} threads", options.device, options.threads));
  at::set_num_threads(options.threads);
  if (options.device == "cuda") select_gpu(local_gpu());
  return WorkerGroup(options, comm).serve();
}

}  // namespace headway
