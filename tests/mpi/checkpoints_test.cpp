// When checkpoints are written, which are kept, and what becomes of a trial whose checkpoints are
// damaged or cannot be written.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/sha256.h"
#include "base/sweep_layout.h"
#include "support/collecting_sink.h"
#include "support/short_trial.h"
#include "support/temporary_directory.h"
#include "support/test_communicator.h"
#include "support/text_of.h"
#include "training/final_results.h"
#include "training/trainer.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kSteps = 12;  // 3 epochs of 4

TrialConfig trial() {
  return short_trial(3, 2);
}

class TrialCheckpoints : public testing::Test {
 protected:
  TrialCheckpoints() {
    at::set_num_threads(1);
    folder_ = test_communicator().broadcast(own_.path().string());
    options_.checkpoint_folder = folder_ / "checkpoints";
    options_.artifact_folder = folder_ / "artifacts";
    options_.checkpoints.seconds = 1e9;
  }
  ~TrialCheckpoints() override { test_communicator().barrier(); }  // before a folder goes

  TrialResult train(const TrialConfig& config = trial(), std::int64_t stop_after_steps = -1) {
    std::int64_t asked = 0;
    options_.stop_requested = [&] { return ++asked == stop_after_steps; };
    sink_ = {};
    return train_trial(config, short_dataset(), test_communicator(), sink_, options_);
  }
  // On rank 0; the other ranks wait until it has been done.
  template <typename Action>
  void on_rank_0(const Action& action) {
    test_communicator().barrier();
    if (test_communicator().rank() == 0) action();
    test_communicator().barrier();
  }
  std::filesystem::path checkpoint(const std::string& name) const {
    return options_.checkpoint_folder / name;
  }
  bool exists(std::int64_t step) const {
    return std::filesystem::exists(checkpoint("step-" + std::to_string(step) + ".json"));
  }
  void flip_a_bit(std::int64_t step) {
    std::fstream file(checkpoint("step-" + std::to_string(step) + ".safetensors"),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(-3, std::ios::end);
    const int byte = file.peek();
    file.seekp(-3, std::ios::end);
    file.put(static_cast<char>(byte ^ 4));
  }
  // With the hash that makes it pass for one that was written so.
  void set_in_manifest(std::int64_t step, const std::string& key, const nlohmann::json& value) {
    const auto file = checkpoint("step-" + std::to_string(step) + ".json");
    auto manifest = nlohmann::json::parse(text_of(file));
    manifest.erase("manifest_sha256");
    manifest[key] = value;
    manifest["manifest_sha256"] = sha256_hex(manifest.dump());
    std::ofstream(file) << manifest.dump();
  }
  static void expect_equal(const TrialHashes& left, const TrialHashes& right) {
    if (test_communicator().rank() != 0) return;
    EXPECT_EQ(left.weights, right.weights);
    EXPECT_EQ(left.state, right.state);
    EXPECT_EQ(left.metrics, right.metrics);
  }

  TemporaryDirectory own_;
  std::filesystem::path folder_;
  TrainerOptions options_;
  CollectingSink sink_;
};

TEST_F(TrialCheckpoints, come_after_every_so_many_steps) {
  options_.checkpoints.steps = 5;
  train();
  on_rank_0([&] {
    EXPECT_TRUE(exists(5));
    EXPECT_TRUE(exists(10));
  });
}

TEST_F(TrialCheckpoints, come_after_every_so_many_epochs_and_hold_the_epoch_as_done) {
  options_.checkpoints.epochs = 2;
  const TrialHashes whole = train().hashes;
  on_rank_0([&] {
    EXPECT_TRUE(exists(8));
    EXPECT_FALSE(exists(4));
    const auto loaded = CheckpointFolder(options_.checkpoint_folder).load(8);
    EXPECT_EQ(loaded.manifest.at("epochs_done"), 2);
  });
  const TrialResult resumed = train();
  EXPECT_EQ(resumed.resumed_from_step, 8);
  expect_equal(resumed.hashes, whole);
}

TEST_F(TrialCheckpoints, of_other_data_are_refused) {
  train(trial(), 6);
  const SyntheticDataset other(4, 11, 5);
  sink_ = {};
  options_.stop_requested = [] { return false; };
  std::string message;
  try {
    train_trial(trial(), other, test_communicator(), sink_, options_);
  } catch (const OtherDataError& error) {
    message = error.what();
  }
  EXPECT_THAT(message, HasSubstr(short_dataset().identity().sha256));
  EXPECT_THAT(message, HasSubstr(other.identity().sha256));
  EXPECT_THAT(message, HasSubstr("headway retry"));
  on_rank_0([&] { EXPECT_TRUE(exists(6)); });
  EXPECT_EQ(train().resumed_from_step, 6);  // with its own data it goes on
}

TEST_F(TrialCheckpoints, of_other_data_are_dropped_when_the_trial_may_begin_anew) {
  train(trial(), 6);
  const SyntheticDataset other(4, 11, 5);
  options_.may_begin_anew = true;
  sink_ = {};
  const auto train_on_other = [&](std::int64_t stop_after_steps) {
    std::int64_t asked = 0;
    options_.stop_requested = [&] { return ++asked == stop_after_steps; };
    return train_trial(trial(), other, test_communicator(), sink_, options_);
  };
  EXPECT_EQ(train_on_other(3).resumed_from_step, 0);
  on_rank_0([&] {
    EXPECT_THAT(sink_.remarks, ElementsAre(HasSubstr("begins anew")));
    EXPECT_FALSE(exists(6));
    EXPECT_TRUE(exists(3));
  });
  options_.may_begin_anew = false;
  EXPECT_EQ(train_on_other(-1).resumed_from_step, 3);
}

TEST_F(TrialCheckpoints, that_do_not_say_of_which_data_they_are_are_resumed) {
  train(trial(), 6);
  on_rank_0([&] {
    const CheckpointFolder folder(options_.checkpoint_folder);
    LoadedCheckpoint old = folder.load(6);
    old.manifest.erase("data_sha256");
    const std::vector<NamedTensor> tensors = old.tensors.tensors();
    folder.save(6, tensors, old.manifest);
  });
  EXPECT_EQ(train().resumed_from_step, 6);
}

TEST_F(TrialCheckpoints, come_when_time_is_up) {
  options_.checkpoints.seconds = 1e-9;
  train();
  on_rank_0([&] {
    EXPECT_TRUE(exists(kSteps - 1));
    EXPECT_TRUE(exists(kSteps));
  });
}

TEST_F(TrialCheckpoints, hold_the_weights_under_the_names_of_the_weights_file) {
  train(trial(), 4);
  TrialConfig one_epoch = trial();
  one_epoch.training.epochs = 1;
  options_.checkpoint_folder = folder_ / "other";
  train(one_epoch);
  on_rank_0([&] {
    const SafetensorsFile checkpoint(folder_ / "checkpoints" / "step-4.safetensors");
    const SafetensorsFile weights(folder_ / "artifacts" / "weights.safetensors");
    for (const NamedTensor& tensor : weights.tensors()) {
      const NamedTensor& saved = checkpoint.at(tensor.name);
      EXPECT_EQ(saved.shape, tensor.shape);
      EXPECT_TRUE(std::ranges::equal(saved.bytes, tensor.bytes)) << tensor.name;
    }
  });
}

TEST_F(TrialCheckpoints, that_are_damaged_are_told_of_and_the_one_before_is_used) {
  options_.checkpoints.steps = 2;
  const TrialHashes whole = train().hashes;
  on_rank_0([&] { flip_a_bit(kSteps); });
  const TrialResult resumed = train();
  EXPECT_EQ(resumed.resumed_from_step, kSteps - 2);
  expect_equal(resumed.hashes, whole);
  if (test_communicator().rank() == 0) {
    EXPECT_THAT(sink_.remarks,
                ElementsAre(HasSubstr("the checkpoint of step 12 is damaged"),
                            "going on from an earlier checkpoint"));
  } else {
    EXPECT_THAT(sink_.remarks, IsEmpty());
  }
}

TEST_F(TrialCheckpoints, that_are_all_damaged_let_the_trial_start_afresh_and_say_so) {
  options_.checkpoints.steps = 2;
  const TrialHashes whole = train().hashes;
  on_rank_0([&] {
    flip_a_bit(kSteps);
    flip_a_bit(kSteps - 2);
  });
  const TrialResult again = train();
  EXPECT_EQ(again.resumed_from_step, 0);
  expect_equal(again.hashes, whole);
  if (test_communicator().rank() != 0) return;
  ASSERT_EQ(sink_.remarks.size(), 3);
  EXPECT_EQ(sink_.remarks[2], "no checkpoint is usable; starting afresh");
}

TEST_F(TrialCheckpoints, of_another_trial_are_passed_over) {
  TrialConfig other = trial();
  other.seed += 1;
  options_.checkpoints.steps = 2;
  train(other, 6);  // leaves steps 4 and 6
  const TrialResult own = train();
  EXPECT_EQ(own.resumed_from_step, 0);
  if (test_communicator().rank() == 0) {
    const std::string why = "is of no use: it is one of trial '" + trial_id(other).text() + "'";
    EXPECT_THAT(sink_.remarks,
                ElementsAre(HasSubstr("the checkpoint of step 6 " + why),
                            HasSubstr("the checkpoint of step 4 " + why)));
  } else {
    EXPECT_THAT(sink_.remarks, IsEmpty());
  }
  options_.checkpoint_folder = folder_ / "empty";
  expect_equal(own.hashes, train().hashes);
}

TEST_F(TrialCheckpoints, of_a_place_that_the_trial_does_not_have_are_passed_over) {
  options_.checkpoints.steps = 5;
  const TrialHashes whole = train().hashes;
  const std::vector<std::pair<std::string, nlohmann::json>> places{
      {"epochs_done", -2},
      {"epochs_done", 1},
      {"epochs_done", 2.5},
      {"epochs_done", 1'000'000'000'000'000},
      {"steps_in_epoch", -2},
      {"steps_in_epoch", 6},
      {"steps_in_epoch", "2"}};
  for (const auto& [key, value] : places) {
    on_rank_0([&, &key = key, &value = value] { set_in_manifest(10, key, value); });
    const TrialResult resumed = train();
    EXPECT_EQ(resumed.resumed_from_step, 5) << key << " " << value;
    expect_equal(resumed.hashes, whole);
  }
}

TEST_F(TrialCheckpoints, that_cannot_be_written_end_the_trial_on_all_ranks_alike) {
  on_rank_0([&] { std::ofstream(options_.checkpoint_folder) << "a file, no folder"; });
  options_.checkpoints.steps = 2;
  EXPECT_THROW(train(), EnvironmentError);
}

TEST_F(TrialCheckpoints, on_request_are_on_disk_before_the_trial_says_that_it_stopped) {
  for (std::int64_t stop = 1; stop < kSteps; stop += 3) {
    options_.checkpoint_folder = folder_ / std::to_string(stop);
    EXPECT_EQ(train(trial(), stop).end, TrialEnd::kStopped);
    on_rank_0([&] { EXPECT_TRUE(exists(stop)); });
  }
}

class BestCheckpoint : public TrialCheckpoints {
 protected:
  BestCheckpoint() { options_.checkpoints.keep_best = true; }
  std::string best_file() const {
    return text_of(options_.artifact_folder / SweepLayout::kBestWeights);
  }
};

TEST_F(BestCheckpoint, is_that_of_the_best_validated_epoch_whatever_the_interruptions) {
  const TrialResult whole = train();
  const std::string expected = best_file();
  on_rank_0([&] {
    const SafetensorsFile file(options_.artifact_folder / SweepLayout::kBestWeights);
    const double epoch = value_of(whole.results.at("validation"), "best_epoch");
    const double accuracy = value_of(whole.results.at("validation"), "best_top1_accuracy");
    EXPECT_EQ(std::stod(file.metadata().at("epoch")), epoch);
    EXPECT_EQ(std::stod(file.metadata().at("validation_top1_accuracy")), accuracy);
    EXPECT_EQ(file.metadata().at("weights_sha256"), hash_tensors(file.tensors()));
    EXPECT_EQ(file.metadata().at("trial_id"), trial_id(trial()));
  });
  for (std::int64_t stop = 1; stop < kSteps; stop += 2) {
    options_.checkpoint_folder = folder_ / ("checkpoints" + std::to_string(stop));
    options_.artifact_folder = folder_ / ("artifacts" + std::to_string(stop));
    ASSERT_EQ(train(trial(), stop).end, TrialEnd::kStopped);
    train();
    on_rank_0([&] {
      EXPECT_EQ(best_file(), expected) << "stopped after step " << stop;
      EXPECT_THAT(sink_.remarks, IsEmpty());
    });
  }
}

TEST_F(BestCheckpoint, is_found_missing_when_it_was_asked_for_too_late) {
  options_.checkpoints.keep_best = false;
  options_.checkpoints.epochs = 1;
  train();
  options_.checkpoints.keep_best = true;
  train();  // from the last epoch's checkpoint
  on_rank_0([&] {
    EXPECT_THAT(sink_.remarks, ElementsAre(HasSubstr("which validated best, were not kept")));
    EXPECT_FALSE(std::filesystem::exists(options_.artifact_folder / SweepLayout::kBestWeights));
  });
}

TEST_F(BestCheckpoint, needs_validation_images) {
  TrialConfig config = trial();
  config.dataset.validation_fraction = 0;
  EXPECT_THROW(train(config), ConfigError);
}

}  // namespace
}  // namespace headway
