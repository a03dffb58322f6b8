#include "models/class_vectors/haar.h"

#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

RandomStream test_stream(std::int64_t seed, std::int64_t column) {
  return RandomStream(
      static_cast<std::uint64_t>(seed), "haar test", static_cast<std::uint64_t>(column));
}

std::vector<double> columns_of(std::int64_t size, std::int64_t columns, std::int64_t seed) {
  return haar_columns(
      size, columns, [&](std::int64_t column) { return test_stream(seed, column); });
}

// The QR factor with a positive diagonal of R is unique: Gram-Schmidt, done twice for accuracy, on
// the same normal numbers must give it.
std::vector<double> gram_schmidt(std::int64_t size, std::int64_t columns, std::int64_t seed) {
  std::vector<std::vector<long double>> q;
  for (std::int64_t j = 0; j < columns; ++j) {
    RandomStream stream = test_stream(seed, j);
    std::vector<long double> column(static_cast<std::size_t>(size));
    for (long double& value : column) value = stream.normal();
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& other : q) {
        long double dot = 0;
        for (std::size_t i = 0; i < column.size(); ++i) dot += other[i] * column[i];
        for (std::size_t i = 0; i < column.size(); ++i) column[i] -= dot * other[i];
      }
    }
    long double square = 0;
    for (const long double value : column) square += value * value;
    for (long double& value : column) value /= std::sqrt(square);
    q.push_back(column);
  }
  std::vector<double> result;
  for (const auto& column : q) result.insert(result.end(), column.begin(), column.end());
  return result;
}

TEST(HaarColumns, equal_gram_schmidt_with_a_positive_diagonal) {
  for (const auto& [size, columns] :
       {std::pair{1, 1}, {5, 1}, {8, 8}, {9, 9}, {37, 37}, {61, 20}}) {
    const std::vector<double> found = columns_of(size, columns, 4);
    const std::vector<double> expected = gram_schmidt(size, columns, 4);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], 1e-11) << size << " x " << columns << " at " << i;
    }
  }
}

// E Q_11^2 = 1/d and E Q_11^4 = 3 / (d (d + 2)); the variances follow from the moments of a beta
// variable Q_11^2 ~ Beta(1/2, (d-1)/2). Without the sign fix the first row would have one sign.
TEST(HaarColumns, have_the_moments_of_haar_measure) {
  constexpr int kSize = 5;
  constexpr int kDraws = 4000;
  double first = 0, second = 0, fourth = 0;
  int positive = 0;
  for (int seed = 0; seed < kDraws; ++seed) {
    const double value = columns_of(kSize, 3, seed)[0];
    first += value / kDraws;
    second += value * value / kDraws;
    fourth += std::pow(value, 4) / kDraws;
    positive += value > 0;
  }
  const double d = kSize;
  const double moment2 = 1 / d;
  const double moment4 = 3 / (d * (d + 2));
  const double moment8 = 105 / (d * (d + 2) * (d + 4) * (d + 6));
  const auto tolerance = [](double mean_square, double mean) {
    return 5 * std::sqrt((mean_square - mean * mean) / kDraws);
  };
  EXPECT_NEAR(first, 0, tolerance(moment2, 0));
  EXPECT_NEAR(second, moment2, tolerance(moment4, moment2));
  EXPECT_NEAR(fourth, moment4, tolerance(moment8, moment4));
  EXPECT_NEAR(positive, kDraws / 2.0, 5 * std::sqrt(kDraws) / 2);
}

TEST(HaarColumns, are_refused_beyond_the_dimension) {
  EXPECT_THROW(columns_of(3, 4, 0), std::logic_error);
}

}  // namespace
}  // namespace headway
