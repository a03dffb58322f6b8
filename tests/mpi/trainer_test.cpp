// How a trial ends. That the number of ranks and interruptions change nothing: elastic_test.cpp.
#include "training/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/safetensors.h"
#include "support/small_trial.h"

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
    EXPECT_GT(distance(plain_shards, one_shard), 1e-2);
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
