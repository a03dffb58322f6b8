// How a trial ends. That the number of ranks and interruptions change nothing: elastic_test.cpp.
#include "training/trainer.h"

#include <gtest/gtest.h>

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

TEST(Trainer, a_batch_larger_than_the_training_set_is_a_config_error_on_all_ranks) {
  TrialConfig config = small_trial("fp32");
  config.training.batch_size = 128;
  const TemporaryDirectory own;
  EXPECT_THROW(train(test_communicator(), config, {shared_folder(own)}), ConfigError);
}

}  // namespace
}  // namespace headway
