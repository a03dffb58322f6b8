#include "config/schema/trial_config.h"

#include "base/sha256.h"
#include "config/rules/config_rules.h"
#include "config/schema/ids.h"
#include "config/schema/json_writer.h"
#include "config/yaml/problems.h"
#include "config/yaml/section_reader.h"

namespace headway {
namespace {

constexpr std::size_t kIdDigits = 12;

void remove_root(nlohmann::json& json) {
  json.at("dataset").erase("root");
}

// A key that is younger than the first trials stays out of an id at its default, so that trials
// keep the id they had before there was the key.
void remove_younger_defaults(nlohmann::json& json) {
  nlohmann::json& evaluation = json.at("evaluation");
  if (evaluation.at("calibration") == EvaluationConfig().calibration) {
    evaluation.erase("calibration");
  }
}

}  // namespace

nlohmann::json to_canonical_json(const TrialConfig& config) {
  return section_to_json(config);
}

TrialConfig trial_config_from_json(const nlohmann::json& json) {
  Problems problems;
  const LocatedValue value = located_value_from_json(json);
  if (!value.is_map()) {
    throw_problems({{{}, "expected a trial's configuration, found " + describe(value)}});
  }
  TrialConfig config = read_section<TrialConfig>(value, "", problems);
  throw_problems(problems);
  for (const Finding& finding : check_cell(config)) {
    if (finding.refuse) problems.push_back({{}, finding.key + ": " + finding.message});
  }
  throw_problems(std::move(problems));
  return config;
}

std::string id_of(const nlohmann::json& json) {
  return sha256_hex(json.dump()).substr(0, kIdDigits);
}

nlohmann::json identity_json(const TrialConfig& config) {
  nlohmann::json json = to_canonical_json(config);
  remove_root(json);
  remove_younger_defaults(json);
  return json;
}

std::string trial_id(const TrialConfig& config) {
  return id_of(identity_json(config));
}

std::string cell_id(const TrialConfig& config) {
  nlohmann::json json = identity_json(config);
  json.erase("seed");
  return id_of(json);
}

}  // namespace headway
