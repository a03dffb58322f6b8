#include "config/rules/config_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/schema/catalog.h"
#include "sweep_file.h"

namespace headway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<Finding> findings(const nlohmann::json& trial) {
  // By way of a file, so that the options are complete; refused ones are read as they are.
  const SweepFile file("trial: " + trial.dump() + "\nsweep: {grid: {}}");
  TrialConfig config;
  try {
    config = file.load().trials.at(0).config;
  } catch (const ConfigErrors& errors) {
    std::vector<Finding> refused;
    for (const std::string& message : errors.messages()) refused.push_back({true, "", "", message});
    return refused;
  }
  return check_cell(config);
}

std::vector<std::string> refusals(const nlohmann::json& trial) {
  std::vector<std::string> messages;
  for (const Finding& finding : findings(trial)) {
    if (finding.refuse) messages.push_back(finding.message);
  }
  return messages;
}

std::vector<std::string> flags(const nlohmann::json& trial) {
  std::vector<std::string> rules;
  for (const Finding& finding : findings(trial)) {
    EXPECT_FALSE(finding.refuse) << finding.message;
    rules.push_back(finding.rule);
  }
  return rules;
}

std::string flag_message(const nlohmann::json& trial) {
  const std::vector<Finding> found = findings(trial);
  return found.empty() ? "" : found.front().message;
}

nlohmann::json with_vectors(const char* distribution, int encoder_width) {
  return {{"class_vectors", {{"distribution", distribution}}},
          {"encoder", {{"name", "resnet18"}, {"width", encoder_width}, {"pooling", "global"}}}};
}

TEST(Refuse, a_simplex_of_more_than_d_plus_one_classes) {
  EXPECT_THAT(
      refusals(with_vectors("simplex", 1)),
      ElementsAre(HasSubstr("simplex class vectors need K <= D + 1, but K = 10 and D = 8")));
  EXPECT_THAT(refusals(with_vectors("simplex", 2)), IsEmpty());
}

TEST(Refuse, more_than_d_orthonormal_vectors) {
  EXPECT_THAT(refusals(with_vectors("orthonormal", 1)), ElementsAre(HasSubstr("need K <= D")));
  EXPECT_THAT(refusals(with_vectors("orthonormal", 2)), IsEmpty());
  EXPECT_THAT(refusals(with_vectors("gaussian", 1)), IsEmpty());
}

TEST(Refuse, hadamard_vectors_that_repeat) {
  EXPECT_THAT(refusals(with_vectors("hadamard", 1)),
              ElementsAre(HasSubstr("hadamard class vectors need K <= D rounded up to a power of "
                                    "two, but K = 10 and D = 8")));
}

TEST(Refuse, a_batch_that_cannot_be_cut_into_shards) {
  EXPECT_THAT(refusals({{"training", {{"batch_size", 100}, {"shards", 8}}}}),
              ElementsAre(HasSubstr("a batch of 100 cannot be cut into 8 equal shards")));
  EXPECT_THAT(refusals({{"training", {{"batch_size", 2}, {"shards", 4}}}}),
              ElementsAre(HasSubstr("a batch of 2 cannot be cut into 4 equal shards")));
}

TEST(Refuse, a_batch_that_never_fills_up) {
  // 12 per class, of which round(0.25 * 12) = 3 validate: 90 images train.
  nlohmann::json trial{{"dataset", {{"samples_per_class", 12}, {"validation_fraction", 0.25}}},
                       {"training", {{"batch_size", 91}}}};
  EXPECT_THAT(refusals(trial), ElementsAre(HasSubstr("there are 90 training images")));
  trial["training"]["batch_size"] = 90;
  EXPECT_THAT(refusals(trial), IsEmpty());
  trial["training"] = {{"batch_size", 91}, {"drop_last", false}};
  EXPECT_THAT(refusals(trial), IsEmpty());
}

TEST(Refuse, more_samples_per_class_than_there_are) {
  EXPECT_THAT(refusals({{"dataset", {{"samples_per_class", 6001}}}}),
              ElementsAre(HasSubstr("6001 samples per class, but fashion_mnist has 6000")));
  EXPECT_THAT(refusals({{"dataset", {{"samples_per_class", 6000}}}}), IsEmpty());
}

TEST(Refuse, a_split_of_single_samples) {
  nlohmann::json trial{{"dataset", {{"samples_per_class", 1}}}, {"training", {{"batch_size", 2}}}};
  EXPECT_THAT(refusals(trial), Contains(HasSubstr("at least 2 samples per class")));
  trial["dataset"]["validation_fraction"] = 0;
  EXPECT_THAT(refusals(trial), IsEmpty());
}

TEST(Refuse, a_plateau_schedule_without_validation_data) {
  nlohmann::json trial{{"schedule", {{"name", "plateau"}}},
                       {"dataset", {{"validation_fraction", 0}}}};
  EXPECT_THAT(refusals(trial), ElementsAre(HasSubstr("plateau watches the validation split")));
  trial["dataset"]["validation_fraction"] = 0.01;
  EXPECT_THAT(refusals(trial), IsEmpty());
}

TEST(Refuse, milestones_that_do_not_rise) {
  const auto trial = [](std::vector<double> milestones) {
    return nlohmann::json{{"schedule", {{"name", "step"}, {"milestones", milestones}}}};
  };
  EXPECT_THAT(refusals(trial({5, 3})), ElementsAre(HasSubstr("milestones must rise")));
  EXPECT_THAT(refusals(trial({3, 3})), ElementsAre(HasSubstr("milestones must rise")));
  EXPECT_THAT(refusals(trial({3, 5})), IsEmpty());
}

TEST(Refuse, nesterov_without_momentum) {
  EXPECT_THAT(refusals({{"optimizer", {{"nesterov", true}, {"momentum", 0}}}}),
              ElementsAre(HasSubstr("the momentum, which is 0")));
}

TEST(Refuse, a_crop_that_may_miss_the_image) {
  EXPECT_THAT(refusals({{"augmentation", {{{"name", "crop"}, {"padding", 28}}}}}),
              ElementsAre(HasSubstr("crop padding 28")));
  EXPECT_THAT(refusals({{"augmentation", {{{"name", "crop"}, {"padding", 27}}}}}), IsEmpty());
}

TEST(Flag, nothing_about_the_defaults) {
  EXPECT_THAT(flags(nlohmann::json::object()), IsEmpty());
}

TEST(Flag, hadamard_vectors_that_are_not_orthogonal) {
  EXPECT_THAT(flags(with_vectors("hadamard", 3)), ElementsAre("hadamard_not_orthogonal"));
  EXPECT_THAT(flag_message(with_vectors("hadamard", 3)),
              HasSubstr("where D is a multiple of 16; with D = 24"));
  EXPECT_THAT(flag_message(with_vectors("hadamard", 3)), HasSubstr("a cosine of 0.333"));
  EXPECT_THAT(flags(with_vectors("hadamard", 2)), IsEmpty());
}

TEST(Flag, a_seed_of_class_vectors_that_are_the_same_for_all) {
  nlohmann::json trial = with_vectors("hadamard", 2);
  trial["class_vectors"]["seed"] = 3;
  EXPECT_THAT(flags(trial), ElementsAre("seed_without_effect"));
  trial["class_vectors"]["distribution"] = "gaussian";
  EXPECT_THAT(flags(trial), IsEmpty());
}

TEST(Flag, a_learning_rate_meant_for_another_optimizer) {
  EXPECT_THAT(flags({{"optimizer", {{"name", "adamw"}}}}),
              ElementsAre("adamw_learning_rate_too_large"));
  EXPECT_THAT(flags({{"optimizer", {{"name", "adamw"}, {"learning_rate", 0.003}}}}), IsEmpty());
}

TEST(Flag, mixup_where_a_shard_is_one_image) {
  nlohmann::json trial{{"augmentation", {{{"name", "mixup"}}}},
                       {"training", {{"batch_size", 8}, {"shards", 8}}}};
  EXPECT_THAT(flags(trial), ElementsAre("mixup_without_partners"));
  trial["training"]["shards"] = 4;
  EXPECT_THAT(flags(trial), IsEmpty());
}

TEST(Flag, a_cosine_scale_that_cannot_fit) {
  // K = 10, learned vectors, the bound of a simplex: 0.9 needs 3.96.
  EXPECT_THAT(flags({{"head", {{"name", "cosine"}, {"scale", 3.95}}}}),
              ElementsAre("cosine_scale_too_small"));
  EXPECT_THAT(flags({{"head", {{"name", "cosine"}, {"scale", 3.96}}}}), IsEmpty());
  EXPECT_THAT(flags({{"head", {{"name", "cosine"}, {"scale", 1}, {"learned_scale", true}}}}),
              IsEmpty());
}

TEST(Flag, the_scale_message_has_the_reachable_probability_and_the_scale_needed) {
  nlohmann::json trial{{"head", {{"name", "cosine"}, {"scale", 1}}}};
  EXPECT_THAT(flag_message(trial), HasSubstr("at most 0.2524"));
  trial["head"]["scale"] = 2;
  EXPECT_THAT(flag_message(trial), HasSubstr("at most 0.5062"));
  trial["head"]["scale"] = 1;
  trial["class_vectors"] = {{"distribution", "orthonormal"}, {"learned", false}};
  EXPECT_THAT(flag_message(trial), HasSubstr("at most 0.2417 (K = 10, orthonormal)"));
}

TEST(Flag, a_frozen_bias) {
  EXPECT_THAT(flags({{"head", {{"bias", "frozen"}}}}), ElementsAre("frozen_bias_without_effect"));
  EXPECT_THAT(flags({{"head", {{"bias", "learned"}}}}), IsEmpty());
}

TEST(Flag, a_frozen_bias_only_where_softmax_takes_it_away) {
  EXPECT_THAT(flags({{"head", {{"bias", "frozen"}}}, {"loss", {{"name", "mse"}}}}),
              ElementsAre("logits_are_no_probabilities"));
}

TEST(Flag, a_loss_that_does_not_use_probabilities) {
  for (const ComponentSpec& loss : catalog(Family::kLoss)) {
    const std::vector<std::string> found = flags({{"loss", {{"name", loss.name}}}});
    EXPECT_EQ(std::ranges::count(found, "logits_are_no_probabilities"),
              loss_spec(loss.name).uses_probabilities ? 0 : 1)
        << loss.name;
  }
}

TEST(Flag, an_mse_target_beyond_a_fixed_scale) {
  nlohmann::json trial{{"head", {{"name", "cosine"}, {"scale", 1}}},
                       {"loss", {{"name", "mse"}, {"target", 30}}}};
  EXPECT_THAT(flags(trial), Contains("mse_target_out_of_reach"));
  trial["head"]["scale"] = 30;
  EXPECT_THAT(flags(trial), ElementsAre("logits_are_no_probabilities"));
  trial["head"] = {{"name", "cosine"}, {"scale", 1}, {"learned_scale", true}};
  EXPECT_THAT(flags(trial), ElementsAre("logits_are_no_probabilities"));
}

TEST(Flag, a_margin_that_is_not_below_the_smallest_angle) {
  const auto trial = [](const char* distribution, bool learned, double margin) {
    return nlohmann::json{{"head", {{"name", "arcface"}, {"margin", margin}}},
                          {"class_vectors", {{"distribution", distribution}, {"learned", learned}}},
                          {"encoder", {{"width", 32}}}};
  };
  // 90 degrees between orthonormal vectors, arccos(-1/9) = 1.6821 between ten of a simplex.
  EXPECT_THAT(flags(trial("orthonormal", false, 1.6)),
              ElementsAre("margin_not_below_smallest_angle"));
  EXPECT_THAT(flag_message(trial("orthonormal", false, 1.6)),
              HasSubstr("not below 1.5708 rad, the angle between two orthonormal class vectors"));
  EXPECT_THAT(flags(trial("orthonormal", false, 1.57)), IsEmpty());
  EXPECT_THAT(flags(trial("simplex", false, 1.69)), Contains("margin_not_below_smallest_angle"));
  EXPECT_THAT(flags(trial("simplex", false, 1.68)),
              Not(Contains("margin_not_below_smallest_angle")));
  // Of learned vectors, and of random ones, a simplex is the best case.
  for (const bool learned : {true, false}) {
    EXPECT_THAT(flag_message(trial("gaussian", learned, 1.69)),
                HasSubstr("1.6821 rad, the largest angle possible between 10 class vectors"));
    EXPECT_THAT(flags(trial("gaussian", learned, 1.6)), IsEmpty());
  }
}

TEST(Refuse, options_that_a_head_does_not_have) {
  EXPECT_THAT(refusals({{"head", {{"name", "arcface"}, {"bias", "learned"}}}}),
              ElementsAre(HasSubstr("head 'arcface' has no option 'bias'")));
}

// Heads need not have a bias or a scale: every rule asks before it reads an option.
TEST(Rules, hold_for_every_head_with_every_loss) {
  for (const ComponentSpec& head : catalog(Family::kHead)) {
    for (const ComponentSpec& loss : catalog(Family::kLoss)) {
      for (const bool learned : {true, false}) {
        nlohmann::json trial{{"head", {{"name", head.name}}},
                             {"loss", {{"name", loss.name}}},
                             {"class_vectors", {{"learned", learned}}}};
        EXPECT_NO_THROW(findings(trial)) << head.name << " " << loss.name;
        trial["optimizer"] = {{"weight_decay", 1e-4}, {"decay", {{"scale", true}, {"bias", true}}}};
        EXPECT_NO_THROW(findings(trial)) << head.name << " " << loss.name;
      }
    }
  }
}

TEST(Flag, short_fixed_vectors_under_a_dot_head) {
  EXPECT_THAT(flags({{"class_vectors", {{"learned", false}, {"norm", 0.577}}}}),
              ElementsAre("short_fixed_vectors"));
  EXPECT_THAT(flags({{"class_vectors", {{"learned", true}, {"norm", 0.577}}}}), IsEmpty());
  EXPECT_THAT(flags({{"class_vectors", {{"learned", false}, {"norm", "sqrt_d"}}}}), IsEmpty());
}

TEST(Flag, a_norm_that_a_cosine_head_takes_away_again) {
  EXPECT_THAT(flags({{"head", {{"name", "cosine"}}},
                     {"class_vectors", {{"learned", false}, {"norm", "sqrt_d"}}}}),
              ElementsAre("norm_without_effect"));
}

TEST(Flag, a_fixed_simplex_after_relu) {
  EXPECT_THAT(flags({{"class_vectors", {{"distribution", "simplex"}, {"learned", false}}}}),
              ElementsAre("non_negative_features_zero_sum_vectors"));
}

TEST(Flag, schedules_that_end_too_late) {
  EXPECT_THAT(flags({{"schedule", {{"warmup_epochs", 11}}}}), ElementsAre("warmup_never_ends"));
  EXPECT_THAT(flags({{"schedule", {{"name", "step"}, {"milestones", {5, 10}}}}}),
              ElementsAre("milestone_never_reached"));
}

TEST(Flag, decay_of_parameters_that_are_usually_spared) {
  EXPECT_THAT(flags({{"optimizer", {{"weight_decay", 1e-4}, {"decay", {{"bias", true}}}}}}),
              ElementsAre("decay_where_it_is_unusual"));
  EXPECT_THAT(flags({{"optimizer", {{"weight_decay", 0}, {"decay", {{"bias", true}}}}}}),
              IsEmpty());
  EXPECT_THAT(flags({{"head", {{"name", "cosine"}, {"learned_scale", true}}},
                     {"optimizer",
                      {{"weight_decay", 1e-4},
                       {"decay", {{"scale", true}, {"class_vectors", "always"}}}}}}),
              ElementsAre("decay_where_it_is_unusual", "decay_where_it_is_unusual"));
}

}  // namespace
}  // namespace headway
