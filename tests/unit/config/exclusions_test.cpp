#include "config/sweep/exclusions.h"

#include <gtest/gtest.h>

#include "config/schema/trial_config.h"
#include "config/yaml/yaml_reader.h"

namespace headway {
namespace {

bool excluded(const std::string& entry, const nlohmann::json& trial) {
  static const std::string source = "f";
  Problems problems;
  const auto exclusions =
      read_exclusions(parse_yaml("[" + entry + "]", source, problems), problems);
  EXPECT_TRUE(problems.empty()) << problems.front().message;
  return matches(exclusions.at(0), trial);
}

class Exclusions : public testing::Test {
 protected:
  nlohmann::json trial_ = to_canonical_json(TrialConfig());
};

TEST_F(Exclusions, numbers_compare_by_value) {
  EXPECT_TRUE(excluded("{optimizer.learning_rate: 1e-1}", trial_));
  EXPECT_FALSE(excluded("{optimizer.learning_rate: 0.11}", trial_));
  EXPECT_TRUE(excluded("{training.epochs: 10}", trial_));
}

TEST_F(Exclusions, flags_and_texts) {
  EXPECT_TRUE(excluded("{class_vectors.learned: yes}", trial_));
  EXPECT_TRUE(excluded("{class_vectors.norm: native}", trial_));
  EXPECT_FALSE(excluded("{class_vectors.norm: 2}", trial_));
}

TEST_F(Exclusions, every_key_must_match_with_any_of_its_values) {
  EXPECT_TRUE(excluded("{head.name: [cosine, dot], seed: [0, 1]}", trial_));
  EXPECT_FALSE(excluded("{head.name: [cosine, dot], seed: [1, 2]}", trial_));
}

TEST_F(Exclusions, nested_maps_are_dotted_keys) {
  EXPECT_TRUE(excluded("{optimizer: {decay: {bias: false}}, head: {name: dot}}", trial_));
}

TEST_F(Exclusions, an_option_that_the_trial_lacks_matches_only_null) {
  EXPECT_FALSE(excluded("{head.scale: 20}", trial_));
  EXPECT_TRUE(excluded("{head.scale: null}", trial_));
  EXPECT_TRUE(excluded("{dataset.samples_per_class: ~}", trial_));
}

}  // namespace
}  // namespace headway
