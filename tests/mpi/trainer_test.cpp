// How a trial ends. That the number of ranks and interruptions change nothing: elastic_test.cpp.
#include "training/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "base/safetensors.h"
#include "support/small_trial.h"
#include "training/final_results.h"

namespace headway {
namespace {

TEST(Trainer, learns_the_synthetic_classes) {
  TrialConfig config = small_trial("fp32");
  config.training.epochs = 8;
  config.augmentation.clear();  // a crop moves the stripe to another class's row
  config.training.dropout = 0;
  config.encoder.options.values()["pooling"] = "flatten";  // and a global mean forgets the row
  const TemporaryDirectory own;
  const TrialResult result = train(test_communicator(), config, {shared_folder(own)});
  for (const Metric& metric : result.results.at("test")) {
    if (metric.name != "top1_accuracy") continue;
    EXPECT_GT(metric.value, 0.9);  // chance is 1/7
  }
}

/// The value of test/`name` of a trained trial; nothing when it was not recorded.
std::optional<double> test_metric(const TrialResult& result, const std::string& name) {
  const Metrics& metrics = result.results.at("test");
  const auto found = std::ranges::find(metrics, name, &Metric::name);
  if (found == metrics.end()) return std::nullopt;
  return found->value;
}

TEST(Trainer, records_the_trials_own_loss_and_the_cross_entropy_beside_it) {
  TrialConfig config = small_trial("fp32");
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.loss = {"mse", default_options(Family::kLoss, "mse")};
  config.optimizer.learning_rate = 0.01;
  const TemporaryDirectory own;
  const TrialResult mse = train(test_communicator(), config, {shared_folder(own)});
  ASSERT_TRUE(test_metric(mse, "cross_entropy").has_value());
  EXPECT_NE(test_metric(mse, "loss"), test_metric(mse, "cross_entropy"));
  EXPECT_LT(*test_metric(mse, "loss"), 0.5);  // about 1/K with logits near 0
  EXPECT_NEAR(*test_metric(mse, "cross_entropy"), std::log(7.0), 0.5);

  config.loss = {"cross_entropy", default_options(Family::kLoss, "cross_entropy")};
  const TemporaryDirectory other;
  const TrialResult cross_entropy = train(test_communicator(), config, {shared_folder(other)});
  EXPECT_FALSE(test_metric(cross_entropy, "cross_entropy").has_value());
}

// With mixup in the batches, which asks the head for a margin at two classes.
TEST(Trainer, a_margin_makes_the_training_loss_larger_and_leaves_evaluation_alone) {
  TrialConfig config = small_trial("fp32");
  config.loss.options.values()["label_smoothing"] = 0.0;
  config.optimizer.learning_rate = 1e-30;  // nothing is learned, so that only the margin differs
  config.head = {"arcface", default_options(Family::kHead, "arcface")};
  config.head.options.values()["scale"] = 8.0;
  const auto losses = [&](double margin) {
    config.head.options.values()["margin"] = margin;
    const TemporaryDirectory own;
    const TrialResult result = train(test_communicator(), config, {shared_folder(own)});
    return std::pair(value_of(result.results.at("train"), "loss"),
                     value_of(result.results.at("test"), "loss"));
  };
  const auto [train_without, test_without] = losses(0);
  const auto [train_with, test_with] = losses(0.3);
  EXPECT_GT(train_with, train_without + 0.5);
  EXPECT_EQ(test_with, test_without);
}

TEST(Trainer, ends_as_diverged_when_the_loss_is_no_longer_finite) {
  TrialConfig config = small_trial("fp32");
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.optimizer.learning_rate = 1e30;
  config.schedule = {"constant", 0, default_options(Family::kSchedule, "constant")};
  const TemporaryDirectory own;
  EXPECT_EQ(train(test_communicator(), config, {shared_folder(own)}).end, TrialEnd::kDiverged);
}

TEST(Trainer, bf16_gradients_lead_to_other_weights) {
  TrialConfig config = small_trial("fp32");
  const TemporaryDirectory own;
  const TrialResult fp32 = train(test_communicator(), config, {shared_folder(own)});
  config.training.gradient_precision = "bf16";
  const TemporaryDirectory other;
  const TrialResult bf16 = train(test_communicator(), config, {shared_folder(other)});
  EXPECT_EQ(bf16.end, TrialEnd::kDone);
  EXPECT_NE(bf16.hashes.weights, fp32.hashes.weights);
}

SafetensorsFile final_weights(const TrialConfig& config) {
  const TemporaryDirectory own;
  const auto folder = shared_folder(own);
  EXPECT_EQ(train(test_communicator(), config, {folder}).end, TrialEnd::kDone);
  test_communicator().barrier();  // rank 0 has written
  SafetensorsFile weights(folder / "artifacts" / "weights.safetensors");
  test_communicator().barrier();  // then the folder is gone
  return weights;
}

std::span<const float> floats_of(const NamedTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
}

/// The largest difference of any weight or running statistic.
float distance(const SafetensorsFile& left, const SafetensorsFile& right) {
  float largest = 0;
  for (const NamedTensor& tensor : left.tensors()) {
    if (tensor.dtype != "F32") continue;
    const auto one = floats_of(tensor);
    const auto other = floats_of(right.at(tensor.name));
    for (std::size_t i = 0; i < one.size(); ++i) {
      largest = std::max(largest, std::abs(one[i] - other[i]));
    }
  }
  return largest;
}

// Sums in another order are all that is left of the cut into shards, also in an incomplete batch
// with an empty shard.
TEST(Trainer, synced_batch_norm_makes_shards_train_like_one) {
  for (const bool drop_last : {true, false}) {
    TrialConfig config = small_trial("fp32");
    config.training.shards = test_communicator().size();
    std::erase_if(config.augmentation, [](const auto& step) { return step.name == "mixup"; });
    if (!drop_last) {
      config.dataset.validation_fraction = 0.13;  // 91 training images: batches of 44, 44 and 3
      config.training.batch_size = 44;
      config.training.drop_last = false;
    }
    const auto plain_shards = final_weights(config);
    config.training.sync_batch_norm = true;
    const auto synced_shards = final_weights(config);
    config.training.sync_batch_norm = false;
    config.training.shards = 1;
    const auto alone = make_single_process_communicator();
    const TemporaryDirectory own;
    train(*alone, config, {own.path()});
    const SafetensorsFile one_shard(own.path() / "artifacts" / "weights.safetensors");
    EXPECT_LT(distance(synced_shards, one_shard), 1e-4);
    if (test_communicator().size() > 1) {
      EXPECT_GT(distance(plain_shards, one_shard), 1e-2);
    }
  }
}

TEST(Trainer, a_batch_larger_than_the_training_set_is_a_config_error_on_all_ranks) {
  TrialConfig config = small_trial("fp32");
  config.training.batch_size = 128;
  const TemporaryDirectory own;
  EXPECT_THROW(train(test_communicator(), config, {shared_folder(own)}), ConfigError);
}

}  // namespace
}  // namespace headway
