#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/schema/catalog.h"
#include "config/schema/ids.h"
#include "config/schema/leaves.h"
#include "runner/cli/non_default_values.h"
#include "support/small_sweep.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(ConfigLeaves, keys_are_dotted_and_a_list_is_one_value) {
  const auto config = nlohmann::json::parse(
      R"({"seed": 1, "head": {"name": "dot"}, "augmentation": [{"name": "crop", "padding": 4}]})");
  const ConfigLeaves values = config_leaves(config);
  EXPECT_THAT(
      values,
      ElementsAre(
          Pair("augmentation", config["augmentation"]), Pair("head.name", "dot"), Pair("seed", 1)));
}

TEST(ConfigLeaves, a_key_varies_when_a_value_differs_or_is_absent) {
  const ConfigLeaves all{{"dataset.name", "cifar10"}, {"seed", 0}};
  const ConfigLeaves few{
      {"dataset.name", "cifar10"}, {"dataset.samples_per_class", 10}, {"seed", 1}};
  EXPECT_THAT(varying_keys(std::vector<ConfigLeaves>{all, few}),
              ElementsAre("dataset.samples_per_class", "seed"));
  EXPECT_THAT(varying_keys(std::vector<ConfigLeaves>{all, all}), ElementsAre());
}

TEST(ConfigLeaves, an_option_that_only_one_component_has_does_not_vary_by_itself) {
  const ConfigLeaves dot{{"head.name", "dot"}};
  const ConfigLeaves cosine{{"head.name", "cosine"}, {"head.scale", 20}};
  const ConfigLeaves sharper{{"head.name", "cosine"}, {"head.scale", 40}};
  EXPECT_THAT(varying_keys(std::vector<ConfigLeaves>{dot, cosine}), ElementsAre("head.name"));
  EXPECT_THAT(varying_keys(std::vector<ConfigLeaves>{dot, cosine, sharper}),
              ElementsAre("head.name", "head.scale"));
}

TEST(ConfigLeaves, values_are_shown_for_people) {
  EXPECT_EQ(value_text(nlohmann::json("dot")), "dot");
  EXPECT_EQ(value_text(nlohmann::json(5e-4)), "0.0005");
  EXPECT_EQ(value_text(nlohmann::json(true)), "true");
  EXPECT_EQ(
      value_text(nlohmann::json::parse(R"([{"name": "crop", "padding": 4}, {"name": "flip"}])")),
      "crop(padding=4)+flip");
  EXPECT_EQ(value_text(nlohmann::json::array()), "none");
  EXPECT_EQ(value_text(ConfigLeaves{}, "head.scale"), "-");
}

TEST(ChangedValues, a_default_trial_has_nothing_to_tell_but_its_seed) {
  const auto changed = changed_values(to_canonical_json(small_trial_config(3)));
  EXPECT_THAT(changed, ElementsAre(Pair("seed", 3)));
}

TEST(ChangedValues, configurations_stored_with_label_smoothing_under_training_tell_of_the_loss) {
  nlohmann::json stored = identity_json(small_trial_config(3));
  stored["dataset"]["root"] = "";
  EXPECT_THAT(changed_values(stored), ElementsAre(Pair("seed", 3)));
  stored["training"]["label_smoothing"] = 0.1;
  EXPECT_THAT(changed_values(stored),
              ElementsAre(Pair("loss.label_smoothing", 0.1), Pair("seed", 3)));
}

TEST(ChangedValues, another_component_is_told_by_name_and_only_its_unusual_options) {
  TrialConfig config = small_trial_config(0);
  config.head.name = "cosine";
  config.head.options = default_options(Family::kHead, "cosine");
  config.optimizer.learning_rate = 0.025;
  const auto changed = changed_values(to_canonical_json(config));
  EXPECT_THAT(
      changed,
      ElementsAre(
          Pair("head.name", "cosine"), Pair("optimizer.learning_rate", 0.025), Pair("seed", 0)));
}

}  // namespace
}  // namespace headway
