// Distributions with an exact Gram matrix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "models/class_vectors/class_vectors.h"
#include "unit/class_vectors/cosines.h"

namespace headway {
namespace {

using testing::HasSubstr;

struct Shape {
  std::int64_t classes;
  std::int64_t feature_size;
};

std::vector<double> draw(const std::string& distribution, Shape shape, std::int64_t seed) {
  return class_vector_distributions().at(distribution)(shape.classes, shape.feature_size, seed, {});
}

void expect_gram(const std::vector<double>& rows, Shape shape, double off_diagonal) {
  SCOPED_TRACE(testing::Message() << shape.classes << " x " << shape.feature_size);
  for (std::int64_t k = 0; k < shape.classes; ++k) {
    ASSERT_NEAR(row_length(rows, shape.feature_size, k), 1, 1e-10);
  }
  for (const double cosine : pairwise_cosines(rows, shape.feature_size)) {
    ASSERT_NEAR(cosine, off_diagonal, 1e-10);
  }
}

std::string refusal(const std::string& distribution, Shape shape) {
  ClassVectorsConfig config{.distribution = distribution, .seed = {}, .options = {}};
  try {
    draw_class_vectors(config, shape.classes, shape.feature_size, 0);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Orthonormal, rows_have_the_identity_as_gram_matrix) {
  for (const Shape shape : {Shape{2, 2}, {2, 9}, {10, 10}, {10, 512}, {64, 64}, {101, 640}}) {
    expect_gram(draw("orthonormal", shape, 3), shape, 0);
  }
}

TEST(Orthonormal, refuses_more_classes_than_dimensions) {
  EXPECT_THAT(refusal("orthonormal", {11, 10}),
              HasSubstr("found 11 classes in 10 dimensions, expected no more"));
  EXPECT_EQ(refusal("orthonormal", {10, 10}), "");
}

TEST(Simplex, rows_have_pairwise_cosine_minus_one_over_k_minus_one) {
  for (const Shape shape : {Shape{2, 1},
                            {2, 7},
                            {3, 2},
                            {10, 9},
                            {10, 10},
                            {10, 512},
                            {65, 64},
                            {100, 99},
                            {101, 640}}) {
    expect_gram(draw("simplex", shape, 3), shape, -1 / static_cast<double>(shape.classes - 1));
  }
}

TEST(Simplex, rows_sum_to_zero) {
  for (const Shape shape : {Shape{2, 1}, {10, 9}, {100, 512}}) {
    const auto rows = draw("simplex", shape, 1);
    const auto size = static_cast<std::size_t>(shape.feature_size);
    for (std::size_t d = 0; d < size; ++d) {
      double sum = 0;
      for (std::size_t i = d; i < rows.size(); i += size) sum += rows[i];
      ASSERT_NEAR(sum, 0, 1e-10);
    }
  }
}

TEST(Simplex, of_two_classes_in_one_dimension_is_plus_and_minus_one) {
  int first_positive = 0;
  for (int seed = 0; seed < 100; ++seed) {
    const auto rows = draw("simplex", {2, 1}, seed);
    EXPECT_NEAR(std::abs(rows[0]), 1, 1e-12);
    EXPECT_NEAR(rows[0] + rows[1], 0, 1e-12);
    first_positive += rows[0] > 0;
  }
  EXPECT_NEAR(first_positive, 50, 25);  // the rotation decides which is which
}

// A point of the rotated simplex is uniform on the sphere: its first entry has mean 0, square 1/d.
TEST(Simplex, is_rotated_at_random) {
  constexpr int kDraws = 3000;
  constexpr double d = 6;
  double first = 0, second = 0;
  for (int seed = 0; seed < kDraws; ++seed) {
    const double value = draw("simplex", {4, 6}, seed)[6 * 2];
    first += value / kDraws;
    second += value * value / kDraws;
  }
  EXPECT_NEAR(first, 0, 5 * std::sqrt(1 / d / kDraws));
  EXPECT_NEAR(second, 1 / d, 5 * std::sqrt((3 / (d * (d + 2)) - 1 / (d * d)) / kDraws));
}

TEST(Simplex, refuses_more_classes_than_dimensions_plus_one) {
  EXPECT_THAT(refusal("simplex", {12, 10}),
              HasSubstr("found 12 classes in 10 dimensions, expected at most 11"));
  EXPECT_EQ(refusal("simplex", {11, 10}), "");
  EXPECT_EQ(refusal("simplex", {2, 1}), "");
}

}  // namespace
}  // namespace headway
