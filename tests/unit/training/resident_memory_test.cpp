#include "training/step/resident_memory.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <numeric>

#include "config/schema/catalog.h"
#include "support/synthetic_dataset.h"
#include "training/step/train_step.h"

namespace headway {
namespace {

constexpr std::int64_t kClasses = 10;
constexpr int kWarmUpSteps = 5;
constexpr int kSteps = 20;

std::int64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

TrialConfig wide_trial() {
  TrialConfig config;
  config.dataset.normalization = "half";
  config.encoder = {"small_cnn", default_options(Family::kEncoder, "small_cnn")};
  config.encoder.options.values()["width"] = 32;
  config.head = {"dot", default_options(Family::kHead, "dot")};
  config.class_vectors.options = default_options(Family::kClassVectors, "gaussian");
  config.optimizer.options = default_options(Family::kOptimizer, "sgd");
  config.training.batch_size = 128;
  return config;
}

// With glibc defaults such a step takes some 700 fresh pages each time; kept, a few dozen at most
// while the heap settles.
TEST(ResidentMemory, training_steps_take_no_fresh_pages_once_they_are_warm) {
  keep_memory_resident();
  at::set_num_threads(1);
  const SyntheticDataset data(kClasses, 13, 1);
  const TrialConfig config = wide_trial();
  const auto alone = make_single_process_communicator();
  Model model = build_model(config, {1, data.train().height, data.train().width}, kClasses);
  TrainStep step(config, data.train(), model, {}, *alone);
  std::vector<std::int32_t> batch(static_cast<std::size_t>(config.training.batch_size));
  std::iota(batch.begin(), batch.end(), 0);
  const auto take = [&](int steps) {
    for (int i = 0; i < steps; ++i) step.run({batch, 0, 0.01, false, false});
  };
  take(kWarmUpSteps);
  const std::int64_t before = page_faults();
  take(kSteps);
  EXPECT_LT(page_faults() - before, kSteps * 200);
}

}  // namespace
}  // namespace headway
