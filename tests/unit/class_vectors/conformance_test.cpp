// Every distribution of class vectors keeps the family's promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "base/errors.h"
#include "models/class_vectors/class_vectors.h"
#include "unit/class_vectors/cosines.h"

namespace headway {
namespace {

using testing::HasSubstr;

TEST(ClassVectorDistributions, unknown_name_is_refused_with_the_nearest) {
  ClassVectorsConfig config;
  config.distribution = "gausian";
  try {
    draw_class_vectors(config, {.classes = 10, .feature_size = 16});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'gaussian'?"));
  }
}

struct Shape {
  std::int64_t classes;
  std::int64_t feature_size;
};

class Distribution : public testing::TestWithParam<std::string> {
 protected:
  const ClassVectorsSpec& spec() const { return class_vectors_spec(GetParam()); }
  std::int64_t largest_count(std::int64_t feature_size) const {
    const auto largest = spec().largest_count;
    return largest == nullptr ? std::numeric_limits<std::int64_t>::max()
                              : largest(feature_size, config_.options);
  }
  double native_length(std::int64_t feature_size) const {
    const auto length = spec().native_length;
    return length == nullptr ? 1 : length(feature_size, config_.options);
  }
  /// A number of dimensions that suits more than 10 classes: at least 64 where there is such a one.
  std::int64_t some_size(std::int64_t at_least = 64) const {
    for (std::int64_t size = at_least; size <= 4 * at_least; ++size) {
      if (largest_count(size) > kClasses) return size;
    }
    for (std::int64_t size = 1; size < at_least; ++size) {
      if (largest_count(size) > kClasses) return size;
    }
    throw std::logic_error("no size suits more than 10 classes");
  }
  static constexpr std::int64_t kClasses = 10;
  /// Shapes that fit, some of powers of two and some not. Without a count rule rows are told apart
  /// by chance, which takes more than a few dimensions.
  std::vector<Shape> shapes() const {
    constexpr std::int64_t kTellApart = 12;
    std::vector<Shape> fitting;
    for (const Shape& shape :
         {Shape{2, 1}, {2, 2}, {3, 2}, {8, 7}, {2, 64}, {7, 12}, {7, 64}, {20, 72}, {64, 64}}) {
      const bool fits = spec().largest_count == nullptr
                            ? shape.feature_size >= kTellApart
                            : shape.classes <= largest_count(shape.feature_size);
      if (fits) fitting.push_back(shape);
    }
    return fitting;
  }
  ClassVectors draw(std::int64_t classes, std::int64_t feature_size, std::int64_t seed) const {
    return draw_class_vectors(config_,
                              {.classes = classes, .feature_size = feature_size, .seed = seed});
  }
  /// As the distribution gives them, in double.
  std::vector<double> raw(const Shape& shape, std::int64_t seed) const {
    return class_vector_distributions().at(GetParam())({.classes = shape.classes,
                                                        .feature_size = shape.feature_size,
                                                        .seed = seed,
                                                        .options = config_.options});
  }
  ClassVectors draw_with_norm(const std::variant<std::string, double>& norm) const {
    ClassVectorsConfig config = config_;
    config.norm = norm;
    return draw_class_vectors(config,
                              {.classes = kClasses, .feature_size = some_size(), .seed = 3});
  }

  ClassVectorsConfig config_{.distribution = GetParam(),
                             .norm = "native",
                             .seed = {},
                             .options = default_options(Family::kClassVectors, GetParam())};
};

TEST_P(Distribution, gives_finite_values_of_the_asked_shape) {
  for (const auto& [classes, feature_size] : shapes()) {
    const ClassVectors drawn = draw(classes, feature_size, 0);
    EXPECT_EQ(drawn.classes, classes);
    EXPECT_EQ(drawn.feature_size, feature_size);
    ASSERT_EQ(drawn.values.size(), static_cast<std::size_t>(classes * feature_size));
    for (const float value : drawn.values) ASSERT_TRUE(std::isfinite(value));
    EXPECT_EQ(drawn.sha256.size(), 64U);
  }
}

TEST_P(Distribution, gives_no_two_rows_of_one_direction) {
  for (const Shape& shape : shapes()) {
    for (const double cosine : pairwise_cosines(raw(shape, 2), shape.feature_size)) {
      ASSERT_LT(cosine, 1 - 1e-6);
    }
  }
}

TEST_P(Distribution, draws_rows_of_the_native_length_that_it_tells) {
  for (const Shape& shape : shapes()) {
    if (spec().has_rows_of_many_lengths) continue;
    const double told = native_length(shape.feature_size);
    const std::vector<double> rows = raw(shape, 2);
    for (std::int64_t k = 0; k < shape.classes; ++k) {
      ASSERT_NEAR(row_length(rows, shape.feature_size, k) / told, 1, 1e-10);
    }
  }
}

TEST_P(Distribution, has_rows_of_many_lengths_only_where_it_says_so) {
  const Shape shape{kClasses, some_size()};
  const std::vector<double> rows = raw(shape, 2);
  std::vector<double> lengths;
  double mean_square = 0;
  for (std::int64_t k = 0; k < kClasses; ++k) {
    lengths.push_back(row_length(rows, shape.feature_size, k));
    mean_square += lengths.back() * lengths.back() / kClasses;
  }
  const auto [shortest, longest] = std::ranges::minmax(lengths);
  EXPECT_EQ(longest / shortest > 1 + 1e-9, spec().has_rows_of_many_lengths);
  EXPECT_NEAR(std::sqrt(mean_square) / native_length(shape.feature_size), 1, 0.3);
}

TEST_P(Distribution, refuses_as_many_classes_as_its_count_rule_does) {
  EXPECT_EQ(spec().largest_count_text.empty(), spec().largest_count == nullptr);
  if (spec().largest_count == nullptr) {
    EXPECT_NO_THROW(draw(100, 32, 0));
    return;
  }
  for (const std::int64_t feature_size : {1, 2, 3, 5, 8, 33}) {
    const std::int64_t largest = largest_count(feature_size);
    if (largest >= 2) {
      EXPECT_NO_THROW(draw(largest, feature_size, 0));
    }
    try {
      draw(largest + 1, feature_size, 0);
      ADD_FAILURE() << largest + 1 << " classes in " << feature_size << " dimensions";
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("class_vectors"));
    }
  }
}

TEST_P(Distribution, sums_to_zero_where_it_says_so) {
  for (const Shape& shape : shapes()) {
    EXPECT_EQ(length_of_sum(raw(shape, 2), shape.feature_size) < 1e-9, spec().sums_to_zero);
  }
}

TEST_P(Distribution, has_the_largest_cosine_that_it_tells) {
  if (spec().largest_cosine == nullptr) GTEST_SKIP() << "depends on the draw";
  for (const Shape& shape : shapes()) {
    const auto cosines = pairwise_cosines(raw(shape, 2), shape.feature_size);
    EXPECT_NEAR(spec().largest_cosine(shape.classes, shape.feature_size, config_.options),
                *std::ranges::max_element(cosines),
                1e-10);
  }
}

// Of unit vectors, or as far as the rule knows.
TEST_P(Distribution, has_the_largest_gap_that_it_tells) {
  if (spec().largest_gap == nullptr) GTEST_SKIP() << "not known";
  for (const Shape& shape : shapes()) {
    const auto told = spec().largest_gap(shape.classes, shape.feature_size, config_.options);
    if (!told) continue;
    const Bounds found = largest_gap(raw(shape, 2), shape.feature_size);
    EXPECT_LT(found.upper - found.lower, 1e-3);
    EXPECT_GT(*told, found.lower - 1e-9);
    EXPECT_LT(*told, found.upper + 1e-9);
  }
}

TEST_P(Distribution, gives_the_same_bytes_for_the_same_key) {
  const ClassVectors one = draw(kClasses, some_size(), 5);
  const ClassVectors two = draw(kClasses, some_size(), 5);
  EXPECT_EQ(one.values, two.values);
  EXPECT_EQ(one.sha256, two.sha256);
}

TEST_P(Distribution, gives_the_fixed_and_the_learned_arm_the_same_bytes) {
  const ClassVectors learned = draw(kClasses, some_size(), 5);
  config_.learned = false;
  config_.seed = 99;  // already resolved by the caller
  const ClassVectors fixed = draw(kClasses, some_size(), 5);
  EXPECT_EQ(learned.values, fixed.values);
  EXPECT_EQ(learned.sha256, fixed.sha256);
}

TEST_P(Distribution, gives_other_numbers_for_another_seed_where_it_depends_on_the_seed) {
  const ClassVectors base = draw(kClasses, some_size(), 5);
  EXPECT_EQ(draw(kClasses, some_size(), 6).values != base.values, spec().depends_on_seed);
  EXPECT_NE(draw(kClasses, some_size(), 6).sha256, base.sha256);
}

TEST_P(Distribution, gives_another_hash_and_if_random_other_numbers_for_another_shape) {
  const std::int64_t size = some_size();
  const std::int64_t larger = some_size(size + 1);
  const ClassVectors base = draw(kClasses, size, 5);
  for (const ClassVectors& other : {draw(kClasses + 1, size, 5), draw(kClasses, larger, 5)}) {
    if (other.classes == kClasses && larger == size) continue;  // no other size suits
    EXPECT_NE(other.sha256, base.sha256);
    if (!spec().depends_on_seed) continue;
    const auto begin = base.values.begin();  // of few values a single one may repeat by chance
    EXPECT_FALSE(std::equal(begin, begin + size, other.values.begin()));
  }
}

TEST_P(Distribution, follows_the_norm_axis) {
  const ClassVectors unit = draw_with_norm("unit");
  const std::int64_t size = some_size();
  const std::vector<std::pair<std::variant<std::string, double>, double>> lengths = {
      {"native", native_length(size)},
      {"unit", 1.0},
      {"sqrt_d", std::sqrt(static_cast<double>(size))},
      {"kaiming", std::sqrt(2.0)},
      {2.5, 2.5}};
  for (const auto& [norm, length] : lengths) {
    ClassVectorsConfig config = config_;
    config.norm = norm;
    EXPECT_EQ(class_vector_length(config, size), length);
    const ClassVectors drawn = draw_with_norm(norm);
    const bool varies = spec().has_rows_of_many_lengths && norm == config_.norm;
    for (std::int64_t k = 0; k < kClasses; ++k) {
      const double found = row_length(drawn.values, size, k);
      EXPECT_TRUE(varies || std::abs(found / length - 1) < 1e-6);
      for (std::int64_t d = 0; d < size; ++d) {  // only the length changes
        const auto place = static_cast<std::size_t>(k * size + d);
        ASSERT_NEAR(drawn.values[place] / found, unit.values[place], 1e-6);
      }
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
