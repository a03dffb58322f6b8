#include "runner/worker/evaluation_checkpoint.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <numeric>
#include <span>

#include "support/small_trial.h"
#include "training/finished_trial.h"
#include "training/suites/suite.h"

namespace headway {
namespace {

/// A trained trial, evaluated by attempts of which each has a process of its own, so to speak.
class InterruptedEvaluation : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    at::set_num_threads(1);
    folder_ = std::make_unique<TemporaryDirectory>();
    result_ = train(test_communicator(), small_trial("fp32"), {.folder = folder_->path()});
  }
  static void TearDownTestSuite() { folder_.reset(); }

  EvaluationCheckpoint checkpoint(const std::string& version = "1") const {
    return {own_.path() / "checkpoints", {{"version", version}}, /*seconds=*/3600};
  }

  struct Attempt {
    SplitMetrics results;
    bool is_done = false;
    std::int64_t batches = 0;
  };
  /// Stops after so many batches.
  Attempt attempt(std::int64_t most_batches, EvaluationCheckpoint kept) const {
    FinishedTrial trial({.config = small_trial("fp32"),
                         .weights = folder_->path() / "artifacts" / "weights.safetensors",
                         .trained = {.weights_sha256 = result_.hashes.weights,
                                     .test_results = result_.results.at("test")}},
                        small_dataset(),
                        test_communicator());
    Attempt made;
    trial.evaluator().restart(kept.load());
    trial.evaluator().set_watch({.stop_requested = [&] { return made.batches >= most_batches; },
                                 .batch_done = [&] { ++made.batches; }});
    try {
      trial.expect_recorded_results();
      made.results = evaluate_suite("geometry", trial);
      made.is_done = true;
    } catch (const EvaluationStopped&) {
      kept.save(trial.evaluator().progress());
    }
    return made;
  }
  Attempt undisturbed() const { return attempt(1'000'000, checkpoint("undisturbed")); }

  static void expect_equal(const SplitMetrics& found, const SplitMetrics& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [split, metrics] : expected) {
      const Metrics& others = found.at(split);
      ASSERT_EQ(others.size(), metrics.size());
      for (std::size_t i = 0; i < metrics.size(); ++i) {
        EXPECT_EQ(std::bit_cast<std::uint64_t>(others[i].value),
                  std::bit_cast<std::uint64_t>(metrics[i].value))
            << split << "/" << metrics[i].name;
        EXPECT_EQ(others[i].missing_reason, metrics[i].missing_reason);
      }
    }
  }

  static std::unique_ptr<TemporaryDirectory> folder_;
  static TrialResult result_;
  TemporaryDirectory own_;
};

std::unique_ptr<TemporaryDirectory> InterruptedEvaluation::folder_;
TrialResult InterruptedEvaluation::result_;

TEST_F(InterruptedEvaluation, after_every_batch_makes_each_batch_once_and_finds_the_same_bits) {
  const Attempt whole = undisturbed();
  ASSERT_GT(whole.batches, 20);
  for (std::int64_t stops = 0; stops < whole.batches; ++stops) {
    ASSERT_FALSE(attempt(1, checkpoint()).is_done) << stops;
  }
  const Attempt last = attempt(1, checkpoint());
  ASSERT_TRUE(last.is_done);
  EXPECT_EQ(last.batches, 0);
  expect_equal(last.results, whole.results);
}

TEST_F(InterruptedEvaluation, by_a_program_of_another_version_begins_anew) {
  const Attempt whole = undisturbed();
  attempt(9, checkpoint("1"));
  const Attempt other = attempt(1'000'000, checkpoint("2"));
  EXPECT_EQ(other.batches, whole.batches);
  expect_equal(other.results, whole.results);
}

TEST_F(InterruptedEvaluation, goes_on_from_the_checkpoint_before_a_damaged_one) {
  const Attempt whole = undisturbed();
  attempt(9, checkpoint());
  attempt(5, checkpoint());
  std::ofstream(own_.path() / "checkpoints" / "step-2.safetensors") << "damaged";
  const Attempt last = attempt(1'000'000, checkpoint());
  EXPECT_EQ(last.batches, whole.batches - 9);
  expect_equal(last.results, whole.results);
}

TEST_F(InterruptedEvaluation, whose_passes_are_no_longer_the_same_makes_them_anew) {
  EvaluationCheckpoint kept = checkpoint();
  kept.save({.finished = {{"other images", {1, 2, 3}}}, .running = std::nullopt});
  const Attempt whole = undisturbed();
  const Attempt last = attempt(1'000'000, checkpoint());
  EXPECT_EQ(last.batches, whole.batches);
  expect_equal(last.results, whole.results);
}

TEST_F(InterruptedEvaluation, goes_on_from_the_checkpoint_before_one_of_no_use) {
  const Attempt whole = undisturbed();
  const std::vector<double> sums{1};
  const auto running = [](const nlohmann::json& batches) {
    return nlohmann::json::array({{{"pass", "a pass"}, {"batches", batches}}});
  };
  for (const nlohmann::json& evaluation : {running({-1, 0, 0, 0}),
                                           running({0.5, 0, 0, 0}),
                                           running({1, 0, 0, 0}),  // whose sums are missing
                                           running("four"),
                                           nlohmann::json::array({1})}) {
    attempt(9, checkpoint());
    CheckpointFolder(own_.path() / "checkpoints")
        .save(2,
              {{"sums", "F64", {1}, std::as_bytes(std::span(sums))}},
              {{"evaluation", evaluation}, {"made_with", {{"version", "1"}}}});
    const Attempt last = attempt(1'000'000, checkpoint());
    EXPECT_EQ(last.batches, whole.batches - 9) << evaluation;
    expect_equal(last.results, whole.results);
    checkpoint().clear();
  }
}

TEST_F(InterruptedEvaluation, that_claims_more_batches_than_there_are_makes_the_pass_anew) {
  const Attempt whole = undisturbed();
  attempt(9, checkpoint());
  EvaluationCheckpoint kept = checkpoint();
  EvaluationProgress progress = kept.load();
  ASSERT_TRUE(progress.running);
  ASSERT_GT(progress.running->batches.front(), 0);
  const std::vector<std::int64_t>& batches = progress.running->batches;
  const std::int64_t repeated = std::accumulate(batches.begin(), batches.end(), std::int64_t{0});
  progress.running->batches.front() = 1000;
  kept.save(progress);
  const Attempt last = attempt(1'000'000, checkpoint());
  EXPECT_EQ(last.batches, whole.batches - 9 + repeated);
  expect_equal(last.results, whole.results);
}

TEST_F(InterruptedEvaluation, leaves_no_files_once_they_are_cleared) {
  attempt(3, checkpoint());
  EXPECT_TRUE(std::filesystem::exists(own_.path() / "checkpoints"));
  checkpoint().clear();
  EXPECT_FALSE(std::filesystem::exists(own_.path() / "checkpoints"));
}

}  // namespace
}  // namespace headway
