// The promise of equal bits: any number of ranks, interrupted anywhere, resumed on any other
// number. What one process computes without interruption is the reference.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/safetensors.h"
#include "support/small_trial.h"
#include "training/final_results.h"

namespace headway {
namespace {

struct Case {
  std::string name;
  TrialConfig config;
};

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const std::string precision : {"fp32", "bf16"}) {
    for (const ComponentSpec& optimizer : catalog(Family::kOptimizer)) {
      result.push_back({optimizer.name + "_" + precision, small_trial(precision, optimizer.name)});
    }
    TrialConfig nesterov = small_trial(precision);
    nesterov.optimizer.options.values()["nesterov"] = true;
    result.push_back({"nesterov_" + precision, nesterov});
    TrialConfig bf16_gradients = small_trial(precision);
    bf16_gradients.training.gradient_precision = "bf16";
    result.push_back({"bf16_gradients_" + precision, bf16_gradients});
  }
  return result;
}

// Only where rank 0 compares: every other rank would compute the same.
const TrialHashes& undisturbed(const Case& trial) {
  static std::map<std::string, TrialHashes> known;
  if (test_communicator().rank() == 0 && !known.contains(trial.name)) {
    const TemporaryDirectory folder;
    const auto alone = make_single_process_communicator();
    known[trial.name] = train(*alone, trial.config, {folder.path()}).hashes;
  }
  return known[trial.name];
}

void expect_undisturbed(const TrialResult& result, const Case& trial) {
  ASSERT_EQ(result.end, TrialEnd::kDone) << result.message;
  const TrialHashes& expected = undisturbed(trial);
  if (test_communicator().rank() != 0) return;
  EXPECT_EQ(result.hashes.weights.size(), 64U);
  EXPECT_EQ(result.hashes.weights, expected.weights);
  EXPECT_EQ(result.hashes.state, expected.state);
  EXPECT_EQ(result.hashes.metrics, expected.metrics);
}

TrialResult train_alone(const Case& trial, const TrainingRun& run) {
  const auto alone = make_single_process_communicator();
  return train(*alone, trial.config, run);
}

// On rank 0 alone, while the others wait.
template <typename Body>
void on_rank_zero(const Body& body) {
  if (test_communicator().rank() == 0) body();
  test_communicator().barrier();
}

class Elastic : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(Elastic, ranks_give_the_bits_of_one_process) {
  const TemporaryDirectory own;
  expect_undisturbed(train(test_communicator(), GetParam().config, {shared_folder(own)}),
                     GetParam());
}

TEST_P(Elastic, interrupted_at_any_step_one_process_goes_on_with_the_same_bits) {
  for (std::int64_t stop = 1; stop <= kEpochs * kStepsPerEpoch; ++stop) {
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    const TrialResult first = train(test_communicator(), GetParam().config, {folder, stop});
    ASSERT_EQ(first.end, TrialEnd::kStopped) << "stop after step " << stop;
    on_rank_zero([&] {
      const TrialResult second = train_alone(GetParam(), {folder});
      EXPECT_EQ(second.resumed_from_step, stop);
      expect_undisturbed(second, GetParam());
    });
  }
}

TEST_P(Elastic, what_one_process_began_ranks_go_on_with_the_same_bits_from_any_step) {
  for (std::int64_t stop = 1; stop <= kEpochs * kStepsPerEpoch; ++stop) {
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    on_rank_zero([&] {
      ASSERT_EQ(train_alone(GetParam(), {folder, stop}).end, TrialEnd::kStopped);
    });
    const TrialResult second = train(test_communicator(), GetParam().config, {folder});
    EXPECT_EQ(second.resumed_from_step, stop);
    expect_undisturbed(second, GetParam());
  }
}

TEST_P(Elastic, interrupted_three_times_with_ranks_that_change_each_time_it_keeps_the_bits) {
  const TemporaryDirectory own;
  const auto folder = shared_folder(own);
  ASSERT_EQ(train(test_communicator(), GetParam().config, {folder, 2}).end, TrialEnd::kStopped);
  on_rank_zero([&] {
    ASSERT_EQ(train_alone(GetParam(), {folder, 3}).end, TrialEnd::kStopped);  // the epoch's last
  });
  ASSERT_EQ(train(test_communicator(), GetParam().config, {folder, 1}).end, TrialEnd::kStopped);
  on_rank_zero([&] {
    const TrialResult last = train_alone(GetParam(), {folder});
    EXPECT_EQ(last.resumed_from_step, 6);
    expect_undisturbed(last, GetParam());
  });
}

INSTANTIATE_TEST_SUITE_P(OptimizersAndPrecisions,
                         Elastic,
                         testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param.name; });

// Each with one partner: what they compute does not depend on it, and all pairs would be hundreds.
TEST(ElasticModels, every_encoder_has_the_bits_of_one_process) {
  at::set_num_threads(1);
  for (const ComponentSpec& encoder : catalog(Family::kEncoder)) {
    Case trial{encoder.name, small_trial("fp32")};
    trial.config.encoder = {encoder.name, default_options(Family::kEncoder, encoder.name)};
    trial.config.encoder.options.values()["width"] = 4;
    const TemporaryDirectory own;
    expect_undisturbed(train(test_communicator(), trial.config, {shared_folder(own)}), trial);
  }
}

TEST(ElasticModels, every_head_has_the_bits_of_one_process_with_fixed_and_learned_vectors) {
  at::set_num_threads(1);
  for (const ComponentSpec& head : catalog(Family::kHead)) {
    for (const bool learned : {false, true}) {
      Case trial{head.name + (learned ? "_learned" : "_fixed"), small_trial("fp32")};
      trial.config.head = {head.name, default_options(Family::kHead, head.name)};
      trial.config.class_vectors.learned = learned;
      const TemporaryDirectory own;
      expect_undisturbed(train(test_communicator(), trial.config, {shared_folder(own)}), trial);
    }
  }
}

TEST(ElasticModels, every_loss_has_the_bits_of_one_process) {
  at::set_num_threads(1);
  for (const ComponentSpec& loss : catalog(Family::kLoss)) {
    Case trial{loss.name, small_trial("fp32")};
    trial.config.loss = {loss.name, default_options(Family::kLoss, loss.name)};
    trial.config.optimizer.learning_rate = 1e-3;  // squares of large logits would diverge
    const TemporaryDirectory own;
    expect_undisturbed(train(test_communicator(), trial.config, {shared_folder(own)}), trial);
  }
}

// Fails like a process that is killed: at the report number `count`, without any goodbye.
class FailingSink final : public TrialSink {
 public:
  explicit FailingSink(int count) : left_(count) {}
  void started(std::int64_t, const std::string&) override {}
  void epoch_ended(const EpochRecord&) override { count_down(); }
  void progress(const TrainingProgress&) override { count_down(); }

 private:
  void count_down() {
    if (--left_ == 0) throw std::runtime_error("killed");
  }
  int left_;
};

TEST(ElasticFaults, killed_between_any_two_reports_ranks_go_on_with_the_same_bits) {
  at::set_num_threads(1);
  Case trial{"adamw_fp32_large_evaluation_batches", small_trial("fp32", "adamw")};
  trial.config.evaluation.batch_size = 64;  // a batch a shard: each is reported and saved
  bool finished = false;
  for (int report = 1; !finished; ++report) {
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    bool killed = false;
    on_rank_zero([&] {
      const auto alone = make_single_process_communicator();
      FailingSink sink(report);
      try {
        train(*alone, trial.config, {.folder = folder, .checkpoint_seconds = 0}, sink);
      } catch (const std::runtime_error&) {
        killed = true;
      }
    });
    finished = test_communicator().all_reduce_or(killed ? 1 : 0) == 0;
    ASSERT_LT(report, 200);
    if (finished) {
      EXPECT_GT(report, 2 * kEpochs * kStepsPerEpoch);  // saving and training at every step
      break;
    }
    expect_undisturbed(train(test_communicator(), trial.config, {folder}), trial);
  }
}

// Three steps an epoch. The last batch holds 3 images: an empty shard, so that one of four ranks
// has no samples, and three of one image.
TrialConfig incomplete_batches(const std::string& precision) {
  TrialConfig config = small_trial(precision, "adamw");
  config.dataset.validation_fraction = 0.13;  // 91 training images
  config.training.batch_size = 44;
  config.training.drop_last = false;
  return config;
}

TEST(ElasticBatches, an_incomplete_last_batch_with_an_empty_shard_keeps_the_bits) {
  at::set_num_threads(1);
  for (const std::string precision : {"fp32", "bf16"}) {
    const Case trial{"incomplete_" + precision, incomplete_batches(precision)};
    for (const std::int64_t stop : {2, 3, 4}) {
      const TemporaryDirectory own;
      const auto folder = shared_folder(own);
      ASSERT_EQ(train(test_communicator(), trial.config, {folder, stop}).end, TrialEnd::kStopped);
      on_rank_zero([&] { expect_undisturbed(train_alone(trial, {folder}), trial); });
    }
    const TemporaryDirectory own;
    expect_undisturbed(train(test_communicator(), trial.config, {shared_folder(own)}), trial);
  }
}

// As PyTorch counts them, although the first shard has seen fewer.
TEST(ElasticBatches, the_exported_weights_count_every_batch) {
  at::set_num_threads(1);
  TrialConfig config = incomplete_batches("fp32");
  const TemporaryDirectory own;
  const auto folder = shared_folder(own);
  train(test_communicator(), config, {folder});
  on_rank_zero([&] {
    const SafetensorsFile weights(folder / "artifacts" / "weights.safetensors");
    std::int64_t batches = 0;
    std::memcpy(&batches, weights.at("bn1.num_batches_tracked").bytes.data(), sizeof(batches));
    EXPECT_EQ(batches, 3 * kEpochs);
  });
}

// Such a trial has one rank per shard, so the same ranks go on.
void expect_interruptions_to_keep_the_bits(TrialConfig config, std::vector<std::int64_t> stops) {
  config.training.shards = test_communicator().size();
  config.training.sync_batch_norm = true;
  const TemporaryDirectory undisturbed;
  const TrialResult whole = train(test_communicator(), config, {shared_folder(undisturbed)});
  ASSERT_EQ(whole.end, TrialEnd::kDone) << whole.message;
  for (const std::int64_t stop : stops) {
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    ASSERT_EQ(train(test_communicator(), config, {folder, stop}).end, TrialEnd::kStopped);
    const TrialResult rest = train(test_communicator(), config, {folder});
    EXPECT_EQ(rest.resumed_from_step, stop);
    EXPECT_EQ(rest.hashes.weights, whole.hashes.weights);
    EXPECT_EQ(rest.hashes.state, whole.hashes.state);
    EXPECT_EQ(rest.hashes.metrics, whole.hashes.metrics);
  }
}

TEST(ElasticBatchNorm, over_the_whole_batch_keeps_the_bits_across_interruptions) {
  at::set_num_threads(1);
  for (const std::string precision : {"fp32", "bf16"}) {
    expect_interruptions_to_keep_the_bits(small_trial(precision), {1, 3, 5});
    expect_interruptions_to_keep_the_bits(incomplete_batches(precision), {2, 3});
  }
}

TEST(ElasticBatchNorm, over_the_whole_batch_keeps_the_bits_on_two_threads_a_rank) {
  at::set_num_threads(2);
  expect_interruptions_to_keep_the_bits(small_trial("fp32"), {4});
  at::set_num_threads(1);
}

TEST(ElasticBatchNorm, over_the_whole_batch_takes_one_rank_per_shard) {
  TrialConfig config = small_trial("fp32");
  config.training.shards = 2 * test_communicator().size();
  config.training.sync_batch_norm = true;
  const TemporaryDirectory own;
  EXPECT_THROW(train(test_communicator(), config, {shared_folder(own)}), ConfigError);
}

TEST(ElasticRanks, that_drift_apart_are_noticed_on_all_of_them) {
  Communicator& comm = test_communicator();
  EXPECT_NO_THROW(expect_equal_weights_on_all_ranks("abc", comm));
  if (comm.size() == 1) GTEST_SKIP() << "needs two ranks";
  const std::string last_differs = comm.rank() + 1 == comm.size() ? "abd" : "abc";
  EXPECT_THROW(expect_equal_weights_on_all_ranks(last_differs, comm), EnvironmentError);
}

// Equal thread counts are part of the promise, not one thread.
TEST(ElasticThreads, two_threads_a_rank_keep_the_bits_of_one_process_with_two_threads) {
  at::set_num_threads(2);
  for (const std::string precision : {"fp32", "bf16"}) {
    const Case trial{"two_threads_" + precision, small_trial(precision, "adamw")};
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    ASSERT_EQ(train(test_communicator(), trial.config, {folder, 4}).end, TrialEnd::kStopped);
    on_rank_zero([&] { expect_undisturbed(train_alone(trial, {folder}), trial); });
  }
  at::set_num_threads(1);
}

// The learning rate then hangs on a validation result that an interruption must not lose.
TEST(ElasticSchedules, plateau_keeps_the_bits_across_an_evaluation) {
  at::set_num_threads(1);
  Case trial{"plateau", small_trial("fp32")};
  trial.config.schedule = {"plateau", 0, default_options(Family::kSchedule, "plateau")};
  trial.config.schedule.options.values()["patience"] = 0;
  trial.config.schedule.options.values()["threshold"] =
      1.0;  // every later evaluation is too little
  trial.config.training.epochs = 3;
  for (const std::int64_t stop : {5, 6, 10, 11}) {
    const TemporaryDirectory own;
    const auto folder = shared_folder(own);
    ASSERT_EQ(train(test_communicator(), trial.config, {folder, stop}).end, TrialEnd::kStopped);
    on_rank_zero([&] { expect_undisturbed(train_alone(trial, {folder}), trial); });
  }
}

}  // namespace
}  // namespace headway
