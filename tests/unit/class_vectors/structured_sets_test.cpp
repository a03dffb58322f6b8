// Distributions with an exact Gram matrix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

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
  return class_vector_distributions().at(distribution)(
      {.classes = shape.classes, .feature_size = shape.feature_size, .seed = seed});
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
    draw_class_vectors(config, {.classes = shape.classes, .feature_size = shape.feature_size});
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

/// H_1 = [1], H_2n = [[H_n, H_n], [H_n, -H_n]].
std::vector<std::vector<double>> sylvester(std::size_t order) {
  if (order == 1) return {{1}};
  const auto half = sylvester(order / 2);
  std::vector<std::vector<double>> matrix(order, std::vector<double>(order));
  for (std::size_t i = 0; i < order; ++i) {
    for (std::size_t j = 0; j < order; ++j) {
      const double sign = i >= order / 2 && j >= order / 2 ? -1 : 1;
      matrix[i][j] = sign * half[i % (order / 2)][j % (order / 2)];
    }
  }
  return matrix;
}

TEST(Hadamard, is_a_corner_of_sylvesters_matrix) {
  const auto matrix = sylvester(128);
  for (const Shape shape : {Shape{2, 2}, {3, 3}, {10, 12}, {10, 64}, {64, 33}, {100, 128}}) {
    const auto rows = draw("hadamard", shape, 0);
    for (std::int64_t i = 0; i < shape.classes; ++i) {
      for (std::int64_t j = 0; j < shape.feature_size; ++j) {
        ASSERT_EQ(rows[static_cast<std::size_t>(i * shape.feature_size + j)],
                  matrix[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]);
      }
    }
  }
}

struct LargestCosine {
  Shape shape;
  double cosine;
};

TEST(Hadamard, has_the_reference_cosines) {
  const std::vector<LargestCosine> references = {{{100, 100}, .28},
                                                 {{10, 10}, .6},
                                                 {{10, 12}, 1.0 / 3},
                                                 {{200, 640}, .2},
                                                 {{10, 640}, 0},
                                                 {{100, 640}, 0},
                                                 {{100, 128}, 0},
                                                 {{512, 4608}, 0}};
  for (const auto& [shape, cosine] : references) {
    SCOPED_TRACE(testing::Message() << shape.classes << " x " << shape.feature_size);
    EXPECT_NEAR(
        class_vectors_spec("hadamard").largest_cosine(shape.classes, shape.feature_size, {}),
        cosine,
        1e-12);
    if (shape.classes > 200) continue;  // all pairs take long
    const auto cosines = pairwise_cosines(draw("hadamard", shape, 0), shape.feature_size);
    EXPECT_NEAR(*std::ranges::max_element(cosines), cosine, 1e-12);
    if (cosine == 0) {
      EXPECT_NEAR(*std::ranges::min_element(cosines), 0, 1e-12);
    }
  }
}

TEST(Hadamard, refuses_exactly_the_shapes_in_which_rows_repeat) {
  const auto matrix = sylvester(64);
  for (std::int64_t features = 1; features <= 40; ++features) {
    std::set<std::vector<double>> distinct;
    for (std::int64_t classes = 1; classes <= 40; ++classes) {
      const auto& row = matrix[static_cast<std::size_t>(classes - 1)];
      distinct.insert({row.begin(), row.begin() + features});
      if (classes < 2) continue;
      const bool repeats = distinct.size() < static_cast<std::size_t>(classes);
      ASSERT_EQ(!refusal("hadamard", {classes, features}).empty(), repeats)
          << classes << " x " << features;
    }
  }
}

TEST(Hadamard, says_how_many_classes_fit) {
  EXPECT_THAT(refusal("hadamard", {100, 64}),
              HasSubstr("'hadamard' found 100 classes in 64 dimensions, expected at most 64"));
}

}  // namespace
}  // namespace headway
