#include "config/schema/trial_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "config/schema/catalog.h"
#include "config/schema/ids.h"
#include "config/yaml/trial_reader.h"
#include "sweep_file.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Written by hand after the first documentation; the ids below are SHA-256 by Python's hashlib over
// it. Ids of what could be configured then stay those, whatever keys and sections there are now.
constexpr const char* kDefaults =
    R"({"augmentation":[],"class_vectors":{"distribution":"gaussian","learned":true,"norm":"native"},)"
    R"("dataset":{"name":"fashion_mnist","normalization":"dataset","split_seed":0,)"
    R"("validation_fraction":0.1},"encoder":{"name":"small_cnn","pooling":"global","width":32},)"
    R"("evaluation":{"batch_size":256,"every":1,"geometry":true},"head":{"bias":"none","name":"dot"},)"
    R"("optimizer":{"decay":{"batch_norm":false,"bias":false,"class_vectors":"auto","scale":false},)"
    R"("learning_rate":0.1,"momentum":0.9,"name":"sgd","nesterov":false,"weight_decay":0.0},)"
    R"("schedule":{"final_learning_rate":0.0,"name":"cosine","warmup_epochs":0.0},"seed":0,)"
    R"("training":{"batch_size":128,"drop_last":true,"dropout":0.0,"epochs":10,)"
    R"("gradient_precision":"fp32","label_smoothing":0.0,)"
    R"("precision":"fp32","reproducible":true,"shards":1,"sync_batch_norm":false}})";

TEST(TrialConfig, identity_json_has_every_default_and_sorted_keys_as_at_first) {
  EXPECT_EQ(identity_json(TrialConfig()).dump(), kDefaults);
}

TEST(TrialConfig, canonical_json_has_the_loss_as_a_section_and_the_data_folder) {
  nlohmann::json json = to_canonical_json(TrialConfig());
  EXPECT_EQ(json["dataset"]["root"], "");
  EXPECT_EQ(json["loss"], (nlohmann::json{{"name", "cross_entropy"}, {"label_smoothing", 0.0}}));
  EXPECT_FALSE(json["training"].contains("label_smoothing"));
  EXPECT_EQ(json["evaluation"]["calibration"], false);
}

TEST(TrialConfig, ids_are_sha_256_of_the_identity_json) {
  EXPECT_EQ(trial_id(TrialConfig()), "31d3c6b3a460");
  EXPECT_EQ(cell_id(TrialConfig()), "64398b8871c1");
}

// Trials that are older than a key keep their ids; where the key has another value they are others.
TEST(TrialConfig, a_younger_key_is_part_of_an_id_unless_it_is_at_its_default) {
  TrialConfig config;
  config.evaluation.calibration = true;
  EXPECT_NE(trial_id(config), trial_id(TrialConfig()));
  EXPECT_NE(cell_id(config), cell_id(TrialConfig()));
  const TrialConfig again = trial_config_from_json(to_canonical_json(config));
  EXPECT_TRUE(again.evaluation.calibration);
  EXPECT_EQ(trial_id(again), trial_id(config));
}

TEST(TrialConfig, ids_of_a_configuration_far_from_the_defaults) {
  const SweepFile file(R"(
trial:
  dataset: {samples_per_class: 100, root: /anywhere}
  head: {name: cosine, bias: learned, scale: 20}
  class_vectors: {norm: 2.5, seed: 7}
  optimizer: {weight_decay: 5e-4, learning_rate: 1.0e-5}
  schedule: {name: step, milestones: [3, 6.50]}
  training: {batch_size: 64}
  augmentation: [{name: crop}, {name: flip, probability: .5}]
  seed: 3
)");
  const Trial trial = file.load().trials.at(0);
  EXPECT_EQ(trial.trial_id, "fba3f8585ec0");
  EXPECT_EQ(trial.cell_id, "01a75e784102");
}

TEST(TrialConfig, equal_numbers_give_equal_ids_however_they_are_written) {
  const auto id = [](const std::string& scale) {
    return SweepFile("trial: {head: {name: cosine, scale: " + scale + "}}")
        .load()
        .trials.at(0)
        .trial_id;
  };
  for (const char* text : {"20.0", "2e1", "+20", "'20'", "020"}) EXPECT_EQ(id(text), id("20"));
  EXPECT_NE(id("20.000001"), id("20"));
  TrialConfig by_hand;
  by_hand.head = {"cosine", Options(nlohmann::json{{"scale", 20}})};  // an integer in JSON
  EXPECT_EQ(trial_id(by_hand), id("20"));
}

TEST(TrialConfig, minus_zero_is_zero) {
  EXPECT_EQ(SweepFile("trial: {optimizer: {weight_decay: -0.0}}").load().trials.at(0).trial_id,
            trial_id(TrialConfig()));
}

Trial only_trial(const std::string& section) {
  return SweepFile("trial: " + section).load().trials.at(0);
}

TEST(TrialConfig, label_smoothing_under_its_old_key_is_that_of_the_loss) {
  const Trial old_key = only_trial("{training: {label_smoothing: 0.1}}");
  const Trial new_key = only_trial("{loss: {name: cross_entropy, label_smoothing: 0.1}}");
  EXPECT_EQ(old_key.config.loss.options.number("label_smoothing"), 0.1);
  EXPECT_EQ(old_key.trial_id, new_key.trial_id);
  // By hashlib over the identity JSON above with "label_smoothing":0.1.
  EXPECT_EQ(new_key.trial_id, "6590e371f1c0");
  EXPECT_EQ(to_canonical_json(old_key.config), to_canonical_json(new_key.config));
}

TEST(TrialConfig, another_loss_is_part_of_an_id_with_its_options) {
  const nlohmann::json json = identity_json(only_trial("{loss: {name: mse, kappa: 2}}").config);
  EXPECT_EQ(json["loss"], (nlohmann::json{{"name", "mse"}, {"kappa", 2.0}, {"target", 1.0}}));
  EXPECT_FALSE(json["training"].contains("label_smoothing"));
  EXPECT_NE(only_trial("{loss: {name: mse}}").trial_id, trial_id(TrialConfig()));
}

TEST(TrialConfig, a_head_that_is_named_alone_trains_with_its_default_loss) {
  for (const ComponentSpec& head : catalog(Family::kHead)) {
    const TrialConfig config = only_trial("{head: {name: " + head.name + "}}").config;
    EXPECT_EQ(config.loss.name, head_spec(head.name).default_loss);
    EXPECT_EQ(config.loss.options.values(),
              default_options(Family::kLoss, config.loss.name).values());
  }
}

TEST(TrialConfig, a_configuration_stored_in_the_first_form_is_read) {
  nlohmann::json stored = nlohmann::json::parse(kDefaults);
  stored["training"]["label_smoothing"] = 0.25;
  const TrialConfig config = trial_config_from_json(stored);
  EXPECT_EQ(config.loss.options.number("label_smoothing"), 0.25);
  EXPECT_EQ(identity_json(config), stored);
  stored["dataset"]["root"] = "";
  EXPECT_EQ(canonical_json_of_stored(stored), to_canonical_json(config));
  EXPECT_EQ(canonical_json_of_stored(to_canonical_json(config)), to_canonical_json(config));
  stored["loss"] = {{"label_smoothing", 0.1}};
  EXPECT_THROW(trial_config_from_json(stored), ConfigErrors);
}

TEST(TrialConfig, the_seed_is_part_of_a_trial_and_not_of_a_cell) {
  TrialConfig other;
  other.seed = 1;
  EXPECT_NE(trial_id(other), trial_id(TrialConfig()));
  EXPECT_EQ(cell_id(other), cell_id(TrialConfig()));
  other.init_seed = 1;
  EXPECT_NE(cell_id(other), cell_id(TrialConfig()));
}

TEST(TrialConfig, json_makes_the_round_trip) {
  const SweepFile file(R"(
trial:
  dataset: {root: /data, samples_per_class: 50, normalization: half}
  encoder: {name: resnet18, width: 8, pooling: flatten}
  head: {name: cosine, learned_scale: true}
  class_vectors: {distribution: simplex, learned: false, norm: 3, seed: 2}
  optimizer: {decay: {bias: true, class_vectors: never}}
  schedule: {name: plateau, metric: loss}
  training: {precision: bf16, epochs: 0, sync_batch_norm: true}
  augmentation: [{name: crop, padding: 2}]
  evaluation: {every: 5}
  init_seed: 8
  order_seed: 9
)");
  const TrialConfig config = file.load().trials.at(0).config;
  const nlohmann::json json = to_canonical_json(config);
  const TrialConfig again = trial_config_from_json(nlohmann::json::parse(json.dump()));
  EXPECT_EQ(to_canonical_json(again), json);
  EXPECT_EQ(again.dataset.root, "/data");
  EXPECT_TRUE(again.training.sync_batch_norm);
  EXPECT_EQ(trial_id(again), trial_id(config));
}

TEST(TrialConfig, json_is_checked_like_a_sweep_file) {
  nlohmann::json json = to_canonical_json(TrialConfig());
  json["optimizer"]["learning_rate"] = -1;
  json["training"]["epoch"] = 3;
  try {
    trial_config_from_json(json);
    FAIL();
  } catch (const ConfigErrors& errors) {
    EXPECT_THAT(errors.messages(),
                ElementsAre("optimizer.learning_rate: expected a number > 0, found '-1'",
                            HasSubstr("unknown key 'epoch' in training; did you mean 'epochs'?")));
  }
  EXPECT_THROW(trial_config_from_json(nlohmann::json::array()), ConfigErrors);
  EXPECT_THROW(trial_config_from_json({{"training", {{"batch_size", 10}, {"shards", 4}}}}),
               ConfigErrors);
}

TEST(TrialConfig, seeds_follow_the_seed_unless_they_are_set) {
  TrialConfig config;
  config.seed = 4;
  EXPECT_EQ(config.effective_init_seed(), 4);
  config.order_seed = 0;
  EXPECT_EQ(config.effective_order_seed(), 0);
  EXPECT_EQ(config.effective_class_vectors_seed(), 4);
}

}  // namespace
}  // namespace headway
