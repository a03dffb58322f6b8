// Distributions with independent rows have the cosines of random directions.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/errors.h"
#include "models/class_vectors/class_vectors.h"
#include "unit/class_vectors/cosines.h"

namespace headway {
namespace {

constexpr int kSeeds = 20;

std::vector<double> draw(const std::string& distribution,
                         std::int64_t classes,
                         std::int64_t feature_size,
                         std::int64_t seed) {
  return class_vector_distributions().at(distribution)(
      {.classes = classes, .feature_size = feature_size, .seed = seed});
}

// One statistic over the seeds.
struct Sample {
  std::vector<double> values;
  double mean() const {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  double standard_error() const {
    double square = 0;
    for (const double value : values) square += (value - mean()) * (value - mean());
    const auto n = static_cast<double>(values.size());
    return std::sqrt(square / (n - 1) / n);
  }
};

// A published average of 20 draws, rounded to its last digit.
struct Reference {
  double value;
  double rounding;
};

// Both sides average 20 draws, hence the root of 2.
void expect_matches(const Sample& sample, const Reference& reference) {
  EXPECT_NEAR(sample.mean(),
              reference.value,
              5 * std::sqrt(2.0) * sample.standard_error() + reference.rounding / 2);
}

struct ReferenceRow {
  std::int64_t classes;
  std::int64_t feature_size;
  Reference maximum, minimum, mean_absolute, coherence;
};

const std::vector<ReferenceRow> kReferences = {
    {10, 512, {.10, .01}, {-.10, .01}, {.0355, 1e-4}, {.112, 1e-3}},
    {100, 512, {.162, 1e-3}, {-.162, 1e-3}, {.0352, 1e-4}, {.0361, 1e-4}},
    {10, 4608, {.033, 1e-3}, {-.032, 1e-3}, {.0118, 1e-4}, {.111, 1e-3}},
    {100, 64, {.444, 1e-3}, {-.445, 1e-3}, {.100, 1e-3}, {.1005, 1e-4}},
};

class IndependentRows : public testing::TestWithParam<std::string> {};

TEST_P(IndependentRows, have_the_reference_cosines) {
  for (const ReferenceRow& reference : kReferences) {
    SCOPED_TRACE(testing::Message() << reference.classes << " x " << reference.feature_size);
    Sample maximum, minimum, mean_absolute, coherence;
    const double simplex_cosine = -1 / static_cast<double>(reference.classes - 1);
    for (int seed = 0; seed < kSeeds; ++seed) {
      const auto cosines =
          pairwise_cosines(draw(GetParam(), reference.classes, reference.feature_size, seed),
                           reference.feature_size);
      const auto [low, high] = std::minmax_element(cosines.begin(), cosines.end());
      const auto count = static_cast<double>(cosines.size());
      double absolute = 0, distance = 0;
      for (const double cosine : cosines) {
        absolute += std::abs(cosine) / count;
        distance += std::abs(cosine - simplex_cosine) / count;
      }
      maximum.values.push_back(*high);
      minimum.values.push_back(*low);
      mean_absolute.values.push_back(absolute);
      coherence.values.push_back(distance);
    }
    expect_matches(maximum, reference.maximum);
    expect_matches(minimum, reference.minimum);
    expect_matches(mean_absolute, reference.mean_absolute);
    expect_matches(coherence, reference.coherence);
  }
}

// E cos = 0, E cos^2 = 1/d, P(cos >= t) <= exp(-d t^2 / 2).
TEST_P(IndependentRows, have_the_exact_moments_of_random_directions) {
  constexpr std::int64_t kClasses = 100;
  constexpr std::int64_t kFeatures = 512;
  const double pairs = kClasses * (kClasses - 1) / 2.0;
  const double bound = std::sqrt(2 * std::log(pairs * kSeeds / 1e-6) / kFeatures);
  const double count = pairs * kSeeds;
  double mean = 0, mean_square = 0, largest = -1;
  for (int seed = 0; seed < kSeeds; ++seed) {
    for (const double cosine :
         pairwise_cosines(draw(GetParam(), kClasses, kFeatures, seed), kFeatures)) {
      mean += cosine / count;
      mean_square += cosine * cosine / count;
      largest = std::max(largest, cosine);
    }
  }
  EXPECT_LE(std::abs(mean), 5 / std::sqrt(count * kFeatures));
  EXPECT_NEAR(kFeatures * mean_square, 1, 5 * std::sqrt(2 / count));
  EXPECT_LT(largest, bound);
}

TEST_P(IndependentRows, refuse_rows_of_equal_direction) {
  // Three directions do not fit into one dimension.
  ClassVectorsConfig config{.distribution = GetParam(), .seed = {}, .options = {}};
  EXPECT_THROW(draw_class_vectors(config, {.classes = 3, .feature_size = 1}), ConfigError);
}

TEST_P(IndependentRows, accept_more_classes_than_dimensions) {
  ClassVectorsConfig config{.distribution = GetParam(), .seed = {}, .options = {}};
  EXPECT_EQ(draw_class_vectors(config, {.classes = 100, .feature_size = 10}).values.size(), 1000U);
}

INSTANTIATE_TEST_SUITE_P(Both,
                         IndependentRows,
                         testing::Values("gaussian", "uniform_integer"),
                         [](const auto& entry) { return entry.param; });

// Projections on a fixed direction off the axes have the moments of a uniform point on the sphere.
TEST(Gaussian, is_invariant_under_rotation) {
  constexpr std::int64_t kFeatures = 16;
  constexpr std::int64_t kRows = 20000;
  const auto rows = draw("gaussian", kRows, kFeatures, 1);
  double length = 0;
  for (int i = 0; i < kFeatures; ++i) length += (i + 1.0) * (i + 1.0);
  length = std::sqrt(length);
  double first = 0, second = 0, fourth = 0;
  for (std::int64_t k = 0; k < kRows; ++k) {
    double projection = 0;
    for (std::int64_t i = 0; i < kFeatures; ++i) {
      const double direction = static_cast<double>((i % 2 == 0 ? 1 : -1) * (i + 1)) / length;
      projection += direction * rows[static_cast<std::size_t>(k * kFeatures + i)];
    }
    first += projection / kRows;
    second += projection * projection / kRows;
    fourth += std::pow(projection, 4) / kRows;
  }
  const double d = kFeatures;
  const double moment4 = 3 / (d * (d + 2));
  const double moment8 = 105 / (d * (d + 2) * (d + 4) * (d + 6));
  EXPECT_NEAR(first, 0, 5 * std::sqrt(1 / d / kRows));
  EXPECT_NEAR(second, 1 / d, 5 * std::sqrt((moment4 - 1 / (d * d)) / kRows));
  EXPECT_NEAR(fourth, moment4, 5 * std::sqrt((moment8 - moment4 * moment4) / kRows));
}

// The one scale at which all entries of a unit row are integers in {-100, ..., 99}.
std::optional<std::vector<int>> integers_behind(const double* row, std::size_t size) {
  double smallest = 1;
  for (std::size_t i = 0; i < size; ++i) {
    if (row[i] != 0) smallest = std::min(smallest, std::abs(row[i]));
  }
  for (int numerator = 1; numerator <= 100; ++numerator) {
    std::vector<int> integers;
    for (std::size_t i = 0; i < size; ++i) {
      const double scaled = row[i] / smallest * numerator;
      const double rounded = std::round(scaled);
      if (std::abs(scaled - rounded) > 1e-9 || rounded < -100 || rounded > 99) break;
      integers.push_back(static_cast<int>(rounded));
    }
    if (integers.size() == size) return integers;
  }
  return std::nullopt;
}

TEST(UniformInteger, entries_are_integers_uniform_from_minus_100_to_99) {
  constexpr std::size_t kFeatures = 512;
  constexpr std::size_t kRows = 200;
  const auto rows = draw("uniform_integer", kRows, kFeatures, 2);
  std::array<double, 200> counts{};
  for (std::size_t k = 0; k < kRows; ++k) {
    const auto integers = integers_behind(&rows[k * kFeatures], kFeatures);
    ASSERT_TRUE(integers) << "row " << k;
    for (const int value : *integers) ++counts[static_cast<std::size_t>(value + 100)];
  }
  const double expected = static_cast<double>(kRows * kFeatures) / 200;
  double chi_square = 0;
  for (const double count : counts)
    chi_square += (count - expected) * (count - expected) / expected;
  // 199 degrees of freedom: mean 199, standard deviation sqrt(398).
  EXPECT_NEAR(chi_square, 199, 5 * std::sqrt(398.0));
}

// In one dimension the integer is 0 once in 200 rows; such a row must be drawn again.
TEST(UniformInteger, never_gives_a_zero_row) {
  for (const double value : draw("uniform_integer", 5000, 1, 0)) EXPECT_EQ(std::abs(value), 1);
}

}  // namespace
}  // namespace headway
