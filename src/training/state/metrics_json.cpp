#include <cmath>
#include <limits>

#include "base/sha256.h"
#include "config/schema/catalog.h"
#include "training/state/training_state.h"

namespace headway {

nlohmann::json to_json(const SplitMetrics& metrics) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [split, values] : metrics) {
    for (const Metric& metric : values) {
      json[split][metric.name] =
          std::isfinite(metric.value) ? nlohmann::json(metric.value) : nlohmann::json();
    }
  }
  return json;
}

nlohmann::json to_json(const EpochRecord& record) {
  return {{"epoch", record.epoch}, {"step", record.step}, {"values", to_json(record.values)}};
}

EpochRecord epoch_record_from_json(const nlohmann::json& json) {
  EpochRecord record{json.at("epoch"), json.at("step"), {}};
  for (const auto& [split, values] : json.at("values").items()) {
    for (const auto& [name, value] : values.items()) {
      const double number =
          value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
      record.values[split].push_back({name, number});
    }
  }
  return record;
}

namespace {

// Timings differ from run to run; everything else must not.
nlohmann::json without_timings(nlohmann::json values) {
  for (const MetricSpec& metric : metric_catalog()) {
    if (!metric.is_timing) continue;
    for (auto& split : values) split.erase(metric.name);
  }
  return values;
}

}  // namespace

std::string hash_metrics(const std::vector<EpochRecord>& history, const SplitMetrics& results) {
  nlohmann::json all = nlohmann::json::array();
  for (const EpochRecord& record : history) {
    nlohmann::json json = to_json(record);
    json["values"] = without_timings(json["values"]);
    all.push_back(std::move(json));
  }
  all.push_back(without_timings(to_json(results)));
  return sha256_hex(all.dump());
}

}  // namespace headway
