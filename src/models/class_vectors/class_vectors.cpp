#include "models/class_vectors/class_vectors.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "base/sha256.h"
#include "config/schema/catalog_tables.h"

namespace headway {

namespace {

using Norm = decltype(ClassVectorsConfig::norm);
using Rows = std::vector<double>;              // [K, D]
constexpr const char* kNativeNorm = "native";  // keeps the lengths of the draw

void check_sizes(std::int64_t classes, std::int64_t feature_size) {
  if (classes < 2) {
    throw ConfigError(fmt::format("class_vectors: found {} classes, expected at least 2", classes));
  }
  if (feature_size < 1) {
    throw ConfigError(
        fmt::format("class_vectors: found feature size {}, expected at least 1", feature_size));
  }
}

Rows unit_rows(const Rows& rows, std::size_t feature_size) {
  Rows result = rows;
  for (auto row = result.begin(); row != result.end();
       row += static_cast<std::ptrdiff_t>(feature_size)) {
    double square = 0;
    for (std::size_t i = 0; i < feature_size; ++i) square += row[i] * row[i];
    expects(std::isfinite(square) && square > 0, "a class vector is zero or not finite");
    const double scale = 1 / std::sqrt(square);
    for (std::size_t i = 0; i < feature_size; ++i) row[i] *= scale;
  }
  return result;
}

// cos > 1 - 1e-6 means |a - b|^2 < 2e-6 for unit vectors. Rows that differ are told apart after a
// few entries, so all pairs together cost little more than the draw.
bool almost_equal(const double* a, const double* b, std::size_t size) {
  constexpr double kSquareDistance = 2e-6;
  double square = 0;
  for (std::size_t i = 0; i < size && square < kSquareDistance; ++i) {
    square += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return square < kSquareDistance;
}

void check_distinct(const Rows& unit, std::size_t feature_size, const std::string& distribution) {
  const std::size_t classes = unit.size() / feature_size;
  for (std::size_t j = 1; j < classes; ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      if (!almost_equal(&unit[i * feature_size], &unit[j * feature_size], feature_size)) continue;
      throw ConfigError(
          fmt::format("class_vectors.distribution: '{}' gives classes {} and {} of {} the same "
                      "direction in {} dimensions, expected distinct ones; try more dimensions or "
                      "another seed",
                      distribution,
                      i,
                      j,
                      classes,
                      feature_size));
    }
  }
}

std::string origin_of(const ClassVectors& drawn,
                      const ClassVectorsConfig& config,
                      std::int64_t seed) {
  nlohmann::json key = {{"distribution", config.distribution},
                        {"options", config.options.values()},
                        {"classes", drawn.classes},
                        {"feature_size", drawn.feature_size},
                        {"seed", seed}};
  std::visit([&](const auto& norm) { key["norm"] = norm; }, config.norm);
  return key.dump();
}

}  // namespace

std::vector<ClassVectorsSpec> class_vectors_table() {
  return ClassVectorDistributions::collect(
      []<typename D>() { return ClassVectorDistribution<D>::spec(); });
}

const Registry<ClassVectorsDraw>& class_vector_distributions() {
  static const Registry<ClassVectorsDraw> table{
      "distribution of class vectors", ClassVectorDistributions::collect([]<typename D>() {
        return std::pair<std::string, ClassVectorsDraw*>(
            ClassVectorDistribution<D>::spec().component.name, ClassVectorDistribution<D>::draw);
      })};
  return table;
}

double class_vector_length(const ClassVectorsConfig& config, std::int64_t feature_size) {
  if (const double* length = std::get_if<double>(&config.norm)) {
    if (std::isfinite(*length) && *length > 0) return *length;
    throw ConfigError(
        fmt::format("class_vectors.norm: found {}, expected a positive length", *length));
  }
  const auto& name = std::get<std::string>(config.norm);
  if (name == kNativeNorm) {
    const auto native_length = class_vectors_spec(config.distribution).native_length;
    return native_length == nullptr ? 1.0 : native_length(feature_size, config.options);
  }
  if (name == "unit") return 1.0;
  if (name == "sqrt_d") return std::sqrt(static_cast<double>(feature_size));
  if (name == "kaiming") return std::sqrt(2.0);
  throw ConfigError(
      fmt::format("class_vectors.norm: unknown norm '{}'{}",
                  name,
                  suggestion(name, {kNativeNorm, "unit", "sqrt_d", "kaiming", "a length"})));
}

ClassVectors draw_class_vectors(const ClassVectorsConfig& config, ClassVectorsInput input) {
  check_sizes(input.classes, input.feature_size);
  ClassVectorsDraw& draw = class_vector_distributions().at(config.distribution);
  const double length = class_vector_length(config, input.feature_size);
  const bool keeps_lengths = config.norm == Norm(kNativeNorm);
  input.options = config.options;
  const Rows rows = draw(input);
  expects(rows.size() == static_cast<std::size_t>(input.classes * input.feature_size),
          "a distribution of class vectors does not give K x D values");

  const auto size = static_cast<std::size_t>(input.feature_size);
  const Rows unit = unit_rows(rows, size);
  check_distinct(unit, size, config.distribution);
  ClassVectors drawn{.classes = input.classes, .feature_size = input.feature_size};
  drawn.values.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    drawn.values.push_back(static_cast<float>(keeps_lengths ? rows[i] : length * unit[i]));
  }
  drawn.drawn_from = origin_of(drawn, config, input.seed);
  drawn.sha256 =
      Sha256().add(drawn.drawn_from).add(std::as_bytes(std::span(drawn.values))).hex_digest();
  return drawn;
}

void refuse_classes(std::string_view distribution,
                    const ClassVectorsInput& input,
                    std::string_view expected) {
  throw ConfigError(
      fmt::format("class_vectors.distribution: '{}' found {} classes in {} dimensions, expected {}",
                  distribution,
                  input.classes,
                  input.feature_size,
                  expected));
}

double gap_of_equal_cosines(std::int64_t classes, double cosine) {
  const auto k = static_cast<double>(classes);
  return std::sqrt((1 - cosine) * k / (k - 1));
}

}  // namespace headway
