#include "runner/worker/trial_recorder.h"

#include <fmt/format.h>

#include <cmath>
#include <condition_variable>
#include <iostream>

#include "base/host.h"
#include "base/logging.h"
#include "base/time.h"
#include "store/sweep_directory.h"

namespace headway {
namespace {

constexpr auto kBeatInterval = std::chrono::seconds(1);

std::string describe(const EpochRecord& record, std::int64_t epochs) {
  std::string line = fmt::format("epoch {}/{}", record.epoch, epochs);
  for (const auto& [split, metrics] : record.values) {
    line += fmt::format("  {}", split);
    for (const Metric& metric : metrics) {
      if (metric.name == "loss") line += fmt::format(" loss {:.4f}", metric.value);
      if (metric.name == "top1_accuracy") line += fmt::format(" top1 {:.4f}", metric.value);
      if (metric.name == "images_per_second") line += fmt::format(" {:.0f} images/s", metric.value);
    }
  }
  return line;
}

nlohmann::json missing_reasons(const SplitMetrics& metrics) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [split, values] : metrics) {
    for (const Metric& metric : values) {
      if (!metric.missing_reason.empty()) json[split][metric.name] = metric.missing_reason;
    }
  }
  return json;
}

}  // namespace

TrialRecorder::TrialRecorder(SegmentWriter& segment,
                             Claim& claim,
                             const ServeOptions& options,
                             int world_size)
    : segment_(segment),
      claim_(claim),
      options_(options),
      world_size_(world_size),
      start_(monotonic_seconds()) {
  const auto folder = SweepDirectory(options.sweep_directory).artifacts(claim.trial_id());
  std::filesystem::create_directories(folder);
  log_.open(folder / "log.txt", std::ios::app);
  progress_.phase = "loading";
  heartbeat_ = std::jthread([this](const std::stop_token& stop) { beat_until_done(stop); });
}

TrialRecorder::~TrialRecorder() {
  heartbeat_.request_stop();
  heartbeat_.join();
}

void TrialRecorder::beat_until_done(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    wake.wait_for(lock, stop, kBeatInterval, [] { return false; });
    Progress progress;
    {
      const std::scoped_lock guard(mutex_);
      progress = progress_;
    }
    claim_.beat(progress);
    if (claim_.fenced()) fenced_.store(true);
  }
}

void TrialRecorder::log(const std::string& line) {
  log_ << utc_timestamp() << ' ' << line << std::endl;
  if (options_.verbose) log_info("{} {}", claim_.trial_id(), line);
}

void TrialRecorder::started(std::int64_t resumed_from_step, const std::string& precision) {
  segment_.append({{"kind", "attempt_started"},
                   {"trial_id", claim_.trial_id()},
                   {"attempt", claim_.attempt()},
                   {"group", options_.group},
                   {"host", host_name()},
                   {"device", options_.device},
                   {"world_size", world_size_},
                   {"threads_per_rank", options_.threads},
                   {"precision", precision},
                   {"resumed_from_step", resumed_from_step}},
                  Flush::kNow);
  log(fmt::format("attempt {} on {} ({}, {} rank{}, {}) {}",
                  claim_.attempt(),
                  host_name(),
                  options_.device,
                  world_size_,
                  world_size_ == 1 ? "" : "s",
                  precision,
                  resumed_from_step == 0 ? std::string("from the start")
                                         : fmt::format("from step {}", resumed_from_step)));
}

void TrialRecorder::epoch_ended(const EpochRecord& record) {
  if (fenced()) return;
  nlohmann::json json = to_json(record);
  json["kind"] = "metrics";
  json["trial_id"] = claim_.trial_id();
  json["attempt"] = claim_.attempt();
  segment_.append(std::move(json), Flush::kLater);
  const std::scoped_lock guard(mutex_);
  log(describe(record, progress_.epochs));
}

void TrialRecorder::progress(const TrainingProgress& progress) {
  const std::scoped_lock guard(mutex_);
  if (progress_.step == 0 && progress.step > 0) log("first step done");
  progress_ = {progress.epoch,
               progress.epochs,
               progress.step,
               progress.total_steps,
               progress.images_per_second,
               progress.phase};
}

void TrialRecorder::remark(const std::string& text) {
  log_warning("trial {}: {}", claim_.trial_id(), text);
  log(text);
}

void TrialRecorder::finish(nlohmann::json record) {
  if (fenced() || claim_.fenced()) {
    log("another attempt took over; this one's records do not count");
    return;
  }
  record["kind"] = "attempt_finished";
  record["trial_id"] = claim_.trial_id();
  record["attempt"] = claim_.attempt();
  record["duration_s"] = monotonic_seconds() - start_;
  log(fmt::format("{} after {} {}",
                  record["state"].get<std::string>(),
                  format_duration(record["duration_s"].get<double>()),
                  record.value("message", "")));
  segment_.append(std::move(record), Flush::kNow);
}

void TrialRecorder::finished(const TrialResult& result) {
  switch (result.end) {
    case TrialEnd::kDone:
      return finish({{"state", "done"},
                     {"failure", ""},
                     {"exit_code", 0},
                     {"message", ""},
                     {"precision", result.precision},
                     {"weights_sha256", result.hashes.weights},
                     {"state_sha256", result.hashes.state},
                     {"metrics_sha256", result.hashes.metrics},
                     {"class_vectors_sha256", result.class_vectors_sha256},
                     {"results", to_json(result.results)},
                     {"missing", missing_reasons(result.results)}});
    case TrialEnd::kDiverged:
      return failed("diverged", result.message);
    case TrialEnd::kStopped:
      return finish({{"state", "yielded"},
                     {"failure", "preempted"},
                     {"exit_code", 75},
                     {"message", result.message}});
  }
}

void TrialRecorder::failed(const std::string& failure, const std::string& message) {
  log_warning("trial {} failed ({}): {}", claim_.trial_id(), failure, message);
  finish({{"state", "failed"}, {"failure", failure}, {"exit_code", 1}, {"message", message}});
}

}  // namespace headway
