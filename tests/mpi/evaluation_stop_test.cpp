// A stop in the middle of an evaluation takes effect there, costs no batch and changes no bits.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "support/small_trial.h"

namespace headway {
namespace {

struct StoppedTrial {
  TrialConfig config;
  std::filesystem::path folder;
};

TrialResult train_until(Communicator& comm,
                        const StoppedTrial& trial,
                        const std::function<bool()>& stop_in_evaluation) {
  CollectingSink sink;
  TrainerOptions options;
  options.checkpoint_folder = trial.folder / "checkpoints";
  options.artifact_folder = trial.folder / "artifacts";
  options.stop_requested_in_evaluation = stop_in_evaluation;
  return train_trial(trial.config, small_dataset(), comm, sink, options);
}

void expect_equal(const TrialResult& found, const TrialResult& expected) {
  ASSERT_EQ(found.end, TrialEnd::kDone) << found.message;
  if (test_communicator().rank() != 0) return;
  EXPECT_EQ(found.hashes.weights, expected.hashes.weights);
  EXPECT_EQ(found.hashes.state, expected.hashes.state);
  EXPECT_EQ(found.hashes.metrics, expected.hashes.metrics);
  for (const auto& [split, metrics] : expected.results) {
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      if (metrics[i].missing_reason.empty()) continue;
      const auto same = std::ranges::find(found.results.at(split), metrics[i].name, &Metric::name);
      ASSERT_NE(same, found.results.at(split).end());
      EXPECT_EQ(same->missing_reason, metrics[i].missing_reason);
    }
  }
}

/// A trial that nothing disturbs, and how often it looks whether to stop: after each round of one
/// batch a rank.
struct Undisturbed {
  TrialResult result;
  std::int64_t rounds = 0;
};

Undisturbed undisturbed(const TrialConfig& config) {
  at::set_num_threads(1);
  const TemporaryDirectory own;
  Undisturbed whole;
  whole.result = train_until(test_communicator(), {config, shared_folder(own)}, [&whole] {
    ++whole.rounds;
    return false;
  });
  return whole;
}

TrialConfig trial_with_plateau() {
  TrialConfig config = small_trial("fp32");
  config.schedule = {"plateau", 0, default_options(Family::kSchedule, "plateau")};
  config.schedule.options.values()["patience"] = 0;
  return config;
}

void stop_once_at_every_nth_batch(std::int64_t n, const TrialConfig& config) {
  const Undisturbed whole = undisturbed(config);
  ASSERT_GT(whole.rounds, 7) << "passes have several batches";
  for (std::int64_t stop = 1; stop <= whole.rounds; stop += n) {
    const TemporaryDirectory own;
    const StoppedTrial trial{config, shared_folder(own)};
    std::int64_t asked = 0;
    const TrialResult first =
        train_until(test_communicator(), trial, [&] { return ++asked == stop; });
    ASSERT_EQ(first.end, TrialEnd::kStopped) << "stop " << stop;
    EXPECT_NE(first.message.find("evaluation"), std::string::npos);
    expect_equal(train(test_communicator(), config, {trial.folder}), whole.result);
  }
}

TEST(EvaluationStop, is_followed_by_the_same_bits) {
  stop_once_at_every_nth_batch(1, small_trial("fp32"));
}

TEST(EvaluationStop, does_not_show_a_schedule_the_same_accuracy_twice) {
  stop_once_at_every_nth_batch(3, trial_with_plateau());
}

TEST(EvaluationStop, one_rank_that_is_asked_stops_all) {
  const TemporaryDirectory own;
  const bool last_rank = test_communicator().rank() + 1 == test_communicator().size();
  const TrialResult result = train_until(
      test_communicator(), {small_trial("fp32"), shared_folder(own)}, [&] { return last_rank; });
  EXPECT_EQ(result.end, TrialEnd::kStopped);
}

// Also with statistics that need a second pass, in bfloat16, with a schedule that looks on.
TEST(EvaluationStop, at_every_batch_costs_no_batch) {
  for (TrialConfig config : {small_trial("bf16"), trial_with_plateau()}) {
    config.evaluation.geometry = true;
    config.evaluation.calibration = true;
    const Undisturbed whole = undisturbed(config);
    const TemporaryDirectory own;
    const StoppedTrial trial{config, shared_folder(own)};
    for (std::int64_t stops = 0; stops < whole.rounds; ++stops) {
      const TrialResult stopped = train_until(test_communicator(), trial, [] { return true; });
      ASSERT_EQ(stopped.end, TrialEnd::kStopped) << "after " << stops << " stops";
    }
    expect_equal(train_until(test_communicator(), trial, [] { return true; }), whole.result);
  }
}

TEST(EvaluationStop, at_every_batch_with_ranks_that_change_each_time_keeps_the_bits) {
  const TrialConfig config = small_trial("fp32");
  const Undisturbed whole = undisturbed(config);
  const TemporaryDirectory own;
  const StoppedTrial trial{config, shared_folder(own)};
  const auto alone = make_single_process_communicator();
  // A process alone makes one batch at a time where ranks make one each.
  const std::int64_t most = whole.rounds * test_communicator().size();
  bool is_done = false;
  for (std::int64_t attempt = 0; attempt <= most && !is_done; ++attempt) {
    if (attempt % 2 == 1) {
      bool is_done_alone = false;
      if (test_communicator().rank() == 0) {
        const TrialResult result = train_until(*alone, trial, [] { return true; });
        is_done_alone = result.end == TrialEnd::kDone;
        if (is_done_alone) expect_equal(result, whole.result);
      }
      is_done = test_communicator().all_reduce_or(is_done_alone ? 1 : 0) != 0;
      continue;
    }
    const TrialResult result = train_until(test_communicator(), trial, [] { return true; });
    is_done = result.end == TrialEnd::kDone;
    if (is_done) expect_equal(result, whole.result);
  }
  EXPECT_TRUE(is_done);
}

/// Ends the process's work, as a kill would, after the second batch of an evaluation.
class ShortLivedSink final : public TrialSink {
 public:
  void started(std::int64_t, const std::string&) override {}
  void epoch_ended(const EpochRecord&) override {}
  void progress(const TrainingProgress& progress) override {
    if (progress.evaluated_batches > 2) throw std::runtime_error("killed");
  }
};

TEST(EvaluationKill, after_every_second_batch_does_not_keep_a_trial_from_its_end) {
  const TrialConfig config = small_trial("fp32");
  const Undisturbed whole = undisturbed(config);
  const TemporaryDirectory own;
  if (test_communicator().rank() != 0) return;
  const auto alone = make_single_process_communicator();
  const TrainingRun run{.folder = own.path(), .checkpoint_seconds = 0};
  std::int64_t kills = 0;
  TrialResult last;
  for (bool is_done = false; !is_done;) {
    ShortLivedSink sink;
    try {
      last = train(*alone, config, run, sink);
      is_done = true;
    } catch (const std::runtime_error& error) {
      ASSERT_STREQ(error.what(), "killed");
      ASSERT_LE(++kills, whole.rounds * test_communicator().size()) << "no progress";
    }
  }
  EXPECT_GT(kills, 5);
  expect_equal(last, whole.result);
}

}  // namespace
}  // namespace headway
