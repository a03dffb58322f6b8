// Every distribution of class vectors keeps the family's promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/errors.h"
#include "config/schema/catalog.h"
#include "models/class_vectors/class_vectors.h"
#include "unit/class_vectors/cosines.h"

namespace headway {
namespace {

using testing::HasSubstr;

TEST(ClassVectorDistributions, are_these) {
  EXPECT_EQ(class_vector_distributions().names(),
            (std::vector<std::string>{"gaussian", "orthonormal", "simplex", "uniform_integer"}));
}

TEST(ClassVectorDistributions, are_those_of_the_catalog) {
  std::vector<std::string> described;
  for (const ComponentSpec& spec : catalog(Family::kClassVectors)) described.push_back(spec.name);
  EXPECT_EQ(class_vector_distributions().names(), described);
}

TEST(ClassVectorDistributions, unknown_name_is_refused_with_the_nearest) {
  ClassVectorsConfig config;
  config.distribution = "gausian";
  try {
    draw_class_vectors(config, 10, 16, 0);
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'gaussian'?"));
  }
}

class Distribution : public testing::TestWithParam<std::string> {
 protected:
  ClassVectors draw(std::int64_t classes, std::int64_t feature_size, std::int64_t seed) const {
    return draw_class_vectors(config_, classes, feature_size, seed);
  }
  ClassVectors draw_with_norm(const std::variant<std::string, double>& norm) const {
    ClassVectorsConfig config = config_;
    config.norm = norm;
    return draw_class_vectors(config, 10, 64, 3);
  }

  ClassVectorsConfig config_{.distribution = GetParam(),
                             .norm = "native",
                             .seed = {},
                             .options = default_options(Family::kClassVectors, GetParam())};
};

TEST_P(Distribution, gives_finite_values_of_the_asked_shape) {
  for (const auto& [classes, feature_size] : {std::pair{2, 2}, {2, 64}, {7, 64}, {64, 64}}) {
    const ClassVectors drawn = draw(classes, feature_size, 0);
    EXPECT_EQ(drawn.classes, classes);
    EXPECT_EQ(drawn.feature_size, feature_size);
    ASSERT_EQ(drawn.values.size(), static_cast<std::size_t>(classes * feature_size));
    for (const float value : drawn.values) ASSERT_TRUE(std::isfinite(value));
    EXPECT_EQ(drawn.sha256.size(), 64U);
  }
}

TEST_P(Distribution, gives_the_same_bytes_for_the_same_key) {
  const ClassVectors one = draw(10, 64, 5);
  const ClassVectors two = draw(10, 64, 5);
  EXPECT_EQ(one.values, two.values);
  EXPECT_EQ(one.sha256, two.sha256);
}

TEST_P(Distribution, gives_the_fixed_and_the_learned_arm_the_same_bytes) {
  const ClassVectors learned = draw(10, 64, 5);
  config_.learned = false;
  config_.seed = 99;  // already resolved by the caller
  const ClassVectors fixed = draw(10, 64, 5);
  EXPECT_EQ(learned.values, fixed.values);
  EXPECT_EQ(learned.sha256, fixed.sha256);
}

TEST_P(Distribution, gives_other_numbers_for_another_seed_or_shape) {
  const ClassVectors base = draw(10, 64, 5);
  EXPECT_NE(draw(10, 64, 6).values, base.values);
  EXPECT_NE(draw(11, 64, 5).values[0], base.values[0]);
  EXPECT_NE(draw(10, 65, 5).values[0], base.values[0]);
  for (const ClassVectors& other : {draw(10, 64, 6), draw(11, 64, 5), draw(10, 65, 5)}) {
    EXPECT_NE(other.sha256, base.sha256);
  }
}

TEST_P(Distribution, follows_the_norm_axis) {
  const std::vector<std::pair<std::variant<std::string, double>, double>> lengths = {
      {"native", 1.0}, {"unit", 1.0}, {"sqrt_d", 8.0}, {"kaiming", std::sqrt(2.0)}, {2.5, 2.5}};
  const ClassVectors native = draw_with_norm("native");
  for (const auto& [norm, length] : lengths) {
    const ClassVectors drawn = draw_with_norm(norm);
    for (std::int64_t k = 0; k < 10; ++k) {
      EXPECT_NEAR(row_length(drawn.values, 64, k) / length, 1, 1e-6);
    }
    for (std::size_t i = 0; i < drawn.values.size(); ++i) {  // only the length changes
      ASSERT_NEAR(drawn.values[i] / length, native.values[i], 1e-6);
    }
  }
}

TEST_P(Distribution, hashes_the_norm_with_the_bytes) {
  EXPECT_NE(draw_with_norm("native").sha256, draw_with_norm("unit").sha256);
  EXPECT_NE(draw_with_norm(2.0).sha256, draw_with_norm(3.0).sha256);
}

TEST_P(Distribution, refuses_a_norm_that_is_none) {
  for (const double length : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(draw_with_norm(length), ConfigError);
  }
  try {
    draw_with_norm("unti");
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("class_vectors.norm: unknown norm 'unti'"));
    EXPECT_THAT(error.what(), HasSubstr("'unit'"));
  }
}

TEST_P(Distribution, refuses_a_single_class_and_empty_features) {
  EXPECT_THROW(draw(1, 64, 0), ConfigError);
  EXPECT_THROW(draw(10, 0, 0), ConfigError);
}

INSTANTIATE_TEST_SUITE_P(Every,
                         Distribution,
                         testing::ValuesIn(class_vector_distributions().names()),
                         [](const auto& entry) { return entry.param; });

}  // namespace
}  // namespace headway
