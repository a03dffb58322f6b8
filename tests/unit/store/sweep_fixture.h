#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/sweep_layout.h"
#include "config/schema/trial_config.h"
#include "config/sweep/sweep.h"
#include "config/yaml/trial_reader.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_writer.h"
#include "support/temporary_directory.h"

namespace headway {

inline Trial make_trial(const nlohmann::json& config) {
  Trial trial;
  trial.config = trial_config_from_json(config);
  trial.trial_id = trial_id(trial.config);
  trial.cell_id = cell_id(trial.config);
  return trial;
}

/// Heads dot and cosine, each with `seeds` seeds; the seeds vary fastest.
inline Sweep make_sweep(int seeds = 3) {
  Sweep sweep;
  sweep.name = SweepName("heads");
  sweep.text = "name: heads\n";
  for (const char* head : {"dot", "cosine"}) {
    for (int seed = 0; seed < seeds; ++seed) {
      sweep.trials.push_back(make_trial({{"head", {{"name", head}}}, {"seed", seed}}));
    }
  }
  return sweep;
}

/// A sweep's folder with its plan, and records as workers write them.
class SweepFixture {
 public:
  explicit SweepFixture(Sweep plan = make_sweep()) : sweep(std::move(plan)) {
    write_manifest(path(), sweep);
  }

  const std::filesystem::path& path() const { return directory_.path(); }
  const TrialId& id(std::size_t trial) const { return sweep.trials.at(trial).trial_id; }

  nlohmann::json started(std::size_t trial, int attempt, int resumed_from_step = 0) const {
    return record_json(AttemptStarted{.trial_id = id(trial),
                                      .attempt = attempt,
                                      .group = "g1",
                                      .host = "node1",
                                      .device = "cpu",
                                      .world_size = 2,
                                      .threads_per_rank = 1,
                                      .precision = "fp32",
                                      .resumed_from_step = resumed_from_step});
  }
  nlohmann::json metrics(std::size_t trial, int attempt, int epoch, double accuracy) const {
    return record_json(EpochMetrics{
        .position = {.trial_id = id(trial), .attempt = attempt, .epoch = epoch, .step = epoch * 10},
        .values = {{"validation", {{"top1_accuracy", accuracy}, {"loss", std::nullopt}}}}});
  }
  nlohmann::json done(std::size_t trial, int attempt, double accuracy) const {
    return record_json(AttemptFinished{
        .trial_id = id(trial),
        .attempt = attempt,
        .state = "done",
        .exit_code = 0,
        .duration_s = 12.5,
        .weights_sha256 = "aa",
        .state_sha256 = "bb",
        .metrics_sha256 = "cc",
        .class_vectors_sha256 = "dd",
        .data_sha256 = "ee",
        .results =
            RecordedValues{{"test", {{"top1_accuracy", accuracy}, {"nc1_pinv", std::nullopt}}}},
        .missing = MissingReasons{{"test", {{"nc1_pinv", "one class has a single sample"}}}}});
  }
  nlohmann::json failed(std::size_t trial, int attempt, const std::string& failure) const {
    return record_json(AttemptFinished{.trial_id = id(trial),
                                       .attempt = attempt,
                                       .state = "failed",
                                       .failure = failure,
                                       .message = "it broke",
                                       .exit_code = 1,
                                       .duration_s = 2.0});
  }
  /// A suite computed from the weights of an attempt; done() says that its weights are "aa".
  nlohmann::json evaluated(std::size_t trial,
                           int attempt,
                           const std::string& weights,
                           double ece,
                           const std::string& evaluation = "calibration",
                           std::int64_t claim = 1) const {
    return record_json(Evaluated{.trial_id = id(trial),
                                 .evaluation = evaluation,
                                 .attempt = attempt,
                                 .weights_sha256 = weights,
                                 .claim = claim,
                                 .duration_s = 0.5,
                                 .results = {{"test", {{"ece", ece}, {"nll", std::nullopt}}}},
                                 .missing = {{"test", {{"nll", "a probability is 0"}}}}});
  }
  nlohmann::json retry(std::size_t trial, int through_attempt) const {
    return record_json(RetryRequested{.trial_id = id(trial), .through_attempt = through_attempt});
  }

  /// Writes `records` as one more process would.
  void write(const std::vector<nlohmann::json>& records, const std::string& role = "worker") const {
    SegmentWriter writer(path(), WriterRecord{.role = role, .torch_version = "2.11.0"});
    for (const nlohmann::json& record : records) writer.append(record, Flush::kLater);
  }

  Sweep sweep;

 private:
  TemporaryDirectory directory_;
};

inline std::vector<std::filesystem::path> segment_paths(const std::filesystem::path& sweep) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(SweepLayout(sweep).segments())) {
    paths.push_back(entry.path());
  }
  return paths;
}

}  // namespace headway
