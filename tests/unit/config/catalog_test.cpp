#include "config/schema/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/errors.h"
#include "config/sweep/keys.h"

namespace headway {
namespace {

using testing::Contains;
using testing::Not;

constexpr Family kFamilies[] = {Family::kHead,
                                Family::kLoss,
                                Family::kClassVectors,
                                Family::kEncoder,
                                Family::kDataset,
                                Family::kOptimizer,
                                Family::kSchedule,
                                Family::kAugmentation,
                                Family::kSuite};

std::vector<std::string> names(Family family) {
  std::vector<std::string> result;
  for (const ComponentSpec& spec : catalog(family)) result.push_back(spec.name);
  return result;
}

TEST(Catalog, names_are_sorted_and_stand_once) {
  for (const Family family : kFamilies) {
    const std::vector<std::string> listed = names(family);
    EXPECT_FALSE(listed.empty()) << family_label(family);
    EXPECT_TRUE(std::ranges::is_sorted(listed, std::less_equal<>{})) << family_label(family);
  }
}

TEST(Catalog, an_unknown_name_gets_the_nearest_one) {
  try {
    component(Family::kHead, "cosin");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "unknown head 'cosin'; did you mean 'cosine'?");
  }
}

TEST(Catalog, every_entry_is_told_in_one_line_with_its_source) {
  for (const Family family : kFamilies) {
    for (const ComponentSpec& spec : catalog(family)) {
      EXPECT_FALSE(spec.summary.empty()) << spec.name;
      EXPECT_FALSE(spec.source.empty()) << spec.name;
      EXPECT_EQ(spec.summary.find('\n'), std::string::npos) << spec.name;
      for (const OptionSpec& option : spec.options)
        EXPECT_FALSE(option.summary.empty()) << option.name;
    }
  }
}

TEST(Catalog, every_default_is_allowed) {
  for (const Family family : kFamilies) {
    for (const ComponentSpec& spec : catalog(family)) {
      for (const OptionSpec& option : spec.options) {
        const nlohmann::json& value = option.default_value;
        if (value.is_number()) {
          EXPECT_TRUE(within(value.get<double>(), option.limits)) << option.name;
        }
        if (value.is_string() && option.limits.has_choices()) {
          EXPECT_THAT(choices_of(option.limits), Contains(value.get<std::string>()));
        }
      }
    }
  }
}

TEST(Catalog, no_option_hides_a_key_that_all_of_its_family_share) {
  for (const ComponentSection& section : component_sections()) {
    for (const ComponentSpec& spec : catalog(section.family)) {
      for (const OptionSpec& option : spec.options) {
        EXPECT_THAT(section.shared_keys, Not(Contains(option.name))) << section.section;
      }
    }
  }
}

TEST(Catalog, default_options_are_complete) {
  const Options options = default_options(Family::kSchedule, "plateau");
  EXPECT_EQ(options.number("factor"), 0.2);
  EXPECT_EQ(options.integer("patience"), 3);
  EXPECT_EQ(options.number("threshold"), 1e-4);
  EXPECT_EQ(options.text("metric"), "top1_accuracy");
  EXPECT_THROW(options.number("fator"), std::logic_error);
}

TEST(Metrics, names_and_aliases_are_unique) {
  std::set<std::string> seen;
  for (const MetricSpec& metric : metric_catalog()) {
    EXPECT_TRUE(seen.insert(metric.name).second) << metric.name;
    for (const std::string& alias : metric.aliases) EXPECT_TRUE(seen.insert(alias).second) << alias;
    EXPECT_FALSE(metric.summary.empty()) << metric.name;
    EXPECT_FALSE(metric.source.empty()) << metric.name;
  }
}

TEST(Metrics, aliases_lead_to_the_stored_name) {
  EXPECT_EQ(canonical_metric_name("nc1"), "nc1_pinv");
  EXPECT_EQ(canonical_metric_name("nc2_equinorm_cv"), "nc2_equinorm_means");
  EXPECT_EQ(canonical_metric_name("nc2_equiangular"), "nc2_equiangular_means");
  EXPECT_EQ(canonical_metric_name("nc3"), "nc3_self_duality");
  EXPECT_EQ(canonical_metric_name("nc4"), "nc4_ncm_agreement");
  EXPECT_EQ(canonical_metric_name("loss"), "loss");
  EXPECT_EQ(canonical_metric_name("unheard_of"), "unheard_of");
}

TEST(Keys, every_leaf_of_a_trial_is_known) {
  for (const char* key : {"seed",
                          "head.name",
                          "head.scale",
                          "class_vectors.distribution",
                          "optimizer.decay.batch_norm",
                          "augmentation",
                          "schedule.milestones"}) {
    EXPECT_TRUE(is_trial_key(key)) << key;
  }
  for (const char* key : {"name", "head.nam", "resources.ranks", "sweep.grid", ""}) {
    EXPECT_FALSE(is_trial_key(key)) << key;
  }
  EXPECT_THAT(other_keys(), Contains("resources.time_limit"));
  EXPECT_THAT(other_keys(), Contains("sweep.seeds"));
}

}  // namespace
}  // namespace headway
