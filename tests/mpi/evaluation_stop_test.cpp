// A stop in the middle of an evaluation takes effect there, and changes no bits.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "support/small_trial.h"

namespace headway {
namespace {

TrialResult train_until(const TrialConfig& config,
                        const std::filesystem::path& folder,
                        const std::function<bool()>& stop_in_evaluation) {
  CollectingSink sink;
  TrainerOptions options;
  options.checkpoint_folder = folder / "checkpoints";
  options.artifact_folder = folder / "artifacts";
  options.stop_requested_in_evaluation = stop_in_evaluation;
  return train_trial(config, small_dataset(), test_communicator(), sink, options);
}

void expect_equal(const TrialHashes& left, const TrialHashes& right) {
  if (test_communicator().rank() != 0) return;
  EXPECT_EQ(left.weights, right.weights);
  EXPECT_EQ(left.state, right.state);
  EXPECT_EQ(left.metrics, right.metrics);
}

// Seven passes: validation and test after each of two epochs, then two over the train images and
// one more over the test images for the statistics of the finished model. A shard is one batch
// here.
void stop_in_each_pass(const TrialConfig& config) {
  at::set_num_threads(1);
  const TemporaryDirectory undisturbed;
  const TrialHashes expected =
      train(test_communicator(), config, {shared_folder(undisturbed)}).hashes;
  const std::int64_t shards_per_rank = config.training.shards / test_communicator().size();
  for (std::int64_t pass = 0; pass < 7; ++pass) {
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    std::int64_t asked = 0;
    const TrialResult first =
        train_until(config, folder, [&] { return ++asked == pass * shards_per_rank + 1; });
    ASSERT_EQ(first.end, TrialEnd::kStopped) << "stop in pass " << pass;
    EXPECT_NE(first.message.find("evaluation"), std::string::npos);
    expect_equal(train(test_communicator(), config, {folder}).hashes, expected);
  }
}

TEST(EvaluationStop, is_followed_by_the_same_bits) {
  stop_in_each_pass(small_trial("fp32"));
}

TEST(EvaluationStop, does_not_show_a_schedule_the_same_accuracy_twice) {
  TrialConfig config = small_trial("fp32");
  config.schedule = {"plateau", 0, default_options(Family::kSchedule, "plateau")};
  config.schedule.options.values()["patience"] = 0;
  stop_in_each_pass(config);
}

TEST(EvaluationStop, one_rank_that_is_asked_stops_all) {
  const TemporaryDirectory own;
  const bool last_rank = test_communicator().rank() + 1 == test_communicator().size();
  const TrialResult result =
      train_until(small_trial("fp32"), shared_folder(own), [&] { return last_rank; });
  EXPECT_EQ(result.end, TrialEnd::kStopped);
}

}  // namespace
}  // namespace headway
