// Against values that NumPy computed from the definitions: see make_geometry_fixture.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "geometry_cases.h"

namespace headway {
namespace {

using testing::GeometryCase;

nlohmann::json fixture() {
  std::ifstream file(HEADWAY_SOURCE_DIR "/tests/fixtures/analysis/geometry.json");
  return nlohmann::json::parse(file);
}

GeometryCase read_case(const nlohmann::json& json) {
  const auto floats = [&](const char* name) {
    return testing::matrix(json.at(name).get<std::vector<std::vector<double>>>()).to(at::kFloat);
  };
  const auto bias = json.at("bias").get<std::vector<double>>();
  return {.features = floats("features"),
          .labels = testing::integers(json.at("labels").get<std::vector<std::int64_t>>()),
          .class_vectors = floats("class_vectors"),
          .logits = floats("logits"),
          .bias = testing::matrix({bias})[0].to(at::kFloat),
          .initial_class_vectors = floats("initial_class_vectors")};
}

TEST(GeometryFixture, every_metric_agrees_with_numpy) {
  const nlohmann::json cases = fixture();
  for (const auto& [name, json] : cases.items()) {
    SCOPED_TRACE(name);
    const Metrics metrics = testing::metrics_of(read_case(json));
    const nlohmann::json& expected = json.at("expected");
    for (const Metric& metric : metrics) {
      EXPECT_TRUE(expected.contains(metric.name))
          << metric.name << ": give make_geometry_fixture.py its definition in NumPy";
    }
    for (const auto& [metric, answer] : expected.items()) {
      const auto found = std::ranges::find(metrics, metric, &Metric::name);
      ASSERT_NE(found, metrics.end()) << metric;
      if (answer.is_null()) {
        EXPECT_NE(found->missing_reason, "") << metric;
        continue;
      }
      const auto value = answer.get<double>();
      EXPECT_NEAR(found->value, value, 1e-9 * std::abs(value)) << metric << found->missing_reason;
    }
  }
}

}  // namespace
}  // namespace headway
