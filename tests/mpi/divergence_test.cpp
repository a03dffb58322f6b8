// A trial whose state or whose finished model is not finite has diverged, wherever that shows.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/sweep_layout.h"
#include "support/small_trial.h"
#include "training/final_results.h"

namespace headway {
namespace {

using testing::HasSubstr;
constexpr float kInfinite = std::numeric_limits<float>::infinity();

/// One step in all, on 64 of the 84 training images.
TrialConfig one_step(double learning_rate) {
  TrialConfig config = small_trial("fp32");
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.class_vectors.learned = true;
  config.optimizer.learning_rate = learning_rate;
  config.optimizer.weight_decay = 0;
  config.schedule = {"constant", 0, default_options(Family::kSchedule, "constant")};
  config.training.epochs = 1;
  config.training.batch_size = 64;
  return config;
}

void expect_nothing_kept(const std::filesystem::path& folder) {
  test_communicator().barrier();
  EXPECT_FALSE(std::filesystem::exists(folder / "artifacts" / SweepLayout::kWeights));
  EXPECT_FALSE(std::filesystem::exists(folder / "checkpoints" / "step-1.json"));
  test_communicator().barrier();
}

TEST(Divergence, in_the_last_step_is_told_and_nothing_is_exported) {
  at::set_num_threads(1);
  const TemporaryDirectory own;
  const auto folder = shared_folder(own);
  const TrialResult result = train(test_communicator(), one_step(1e39), {folder});
  EXPECT_EQ(result.end, TrialEnd::kDiverged);
  EXPECT_THAT(result.message, HasSubstr("after step 1 is not finite"));
  EXPECT_THAT(result.message, HasSubstr(" values of "));
  expect_nothing_kept(folder);
}

TEST(Divergence, in_a_step_after_which_the_trial_was_to_stop_leaves_no_checkpoint) {
  const TemporaryDirectory own;
  const auto folder = shared_folder(own);
  const TrialResult result =
      train(test_communicator(), one_step(1e39), {.folder = folder, .stop_after_steps = 1});
  EXPECT_EQ(result.end, TrialEnd::kDiverged);
  expect_nothing_kept(folder);
}

TEST(Divergence, of_what_finite_weights_make_of_images_is_told) {
  const TemporaryDirectory own;
  const auto folder = shared_folder(own);
  const TrialResult result = train(test_communicator(), one_step(1e30), {folder});
  EXPECT_EQ(result.end, TrialEnd::kDiverged);
  EXPECT_THAT(result.message, HasSubstr("logits that are not finite"));
  test_communicator().barrier();
  EXPECT_FALSE(std::filesystem::exists(folder / "artifacts" / SweepLayout::kWeights));
  test_communicator().barrier();
}

TEST(Divergence, is_not_told_of_a_trial_that_learns) {
  const TemporaryDirectory own;
  EXPECT_EQ(train(test_communicator(), one_step(0.1), {shared_folder(own)}).end, TrialEnd::kDone);
}

class StateThatIsNotFinite : public testing::Test {
 protected:
  void SetUp() override { EXPECT_EQ(state_.not_finite(), std::nullopt); }

  const ImageSet& images_ = small_dataset().train();
  TrialConfig config_ = small_trial("fp32", "adamw");
  Model model_ = build_model(
      config_, {images_.channels, images_.height, images_.width}, small_dataset().classes());
  TrainStep step_{config_, images_, model_, {}, test_communicator()};
  LearningRate rate_{config_, kStepsPerEpoch};
  TrainingState state_{*model_.parameters, step_, rate_, test_communicator()};
  bool is_last_rank_ = test_communicator().rank() + 1 == test_communicator().size();
};

TEST_F(StateThatIsNotFinite, is_found_in_any_parameter_and_named) {
  const Parameter& last = model_.parameters->parameters().back();
  at::Tensor(last.tensor.detach()).flatten()[0].fill_(kInfinite);
  EXPECT_EQ(state_.not_finite(),
            "1 of " + std::to_string(last.tensor.numel()) + " values of " + last.name);
}

TEST_F(StateThatIsNotFinite, is_found_in_one_shards_batch_norm_statistics) {
  step_.buffers().select(config_.training.shards / test_communicator().size() - 1);
  const Buffer& buffer = model_.parameters->buffers().front();
  if (is_last_rank_) at::Tensor(buffer.tensor).fill_(kInfinite);
  EXPECT_THAT(state_.not_finite().value_or("nothing"), HasSubstr(" values of " + buffer.name));
}

TEST_F(StateThatIsNotFinite, is_found_in_the_mean_of_finite_statistics) {
  const Buffer& buffer = model_.parameters->buffers().front();
  const std::int64_t shards = config_.training.shards / test_communicator().size();
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    step_.buffers().select(shard);
    at::Tensor(buffer.tensor).fill_(3e38F);
  }
  EXPECT_THAT(state_.not_finite().value_or("nothing"), HasSubstr(" values of " + buffer.name));
}

TEST_F(StateThatIsNotFinite, is_found_in_the_optimisers_state) {
  const auto [name, flat] = step_.optimizer().state().back();
  at::Tensor(flat).fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(state_.not_finite().value_or("nothing"), HasSubstr(" values of optimizer." + name));
}

TEST_F(StateThatIsNotFinite, on_one_rank_is_known_to_all) {
  const Parameter& first = model_.parameters->parameters().front();
  if (is_last_rank_) at::Tensor(first.tensor.detach()).fill_(kInfinite);
  EXPECT_NE(state_.not_finite(), std::nullopt);
}

TEST(BestValidation, is_no_epoch_whose_accuracy_is_not_finite) {
  const auto epoch = [](std::int64_t number, double accuracy) {
    return EpochRecord{number, number, {{"validation", {{"top1_accuracy", accuracy}}}}};
  };
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  const std::vector<EpochRecord> history{epoch(1, undefined), epoch(2, 0.25), epoch(3, undefined)};
  ASSERT_NE(best_validation(history), nullptr);
  EXPECT_EQ(best_validation(history)->epoch, 2);
  EXPECT_EQ(best_validation({epoch(1, undefined)}), nullptr);
}

}  // namespace
}  // namespace headway
