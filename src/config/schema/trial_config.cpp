#include "config/schema/trial_config.h"

#include "base/sha256.h"
#include "config/schema/catalog.h"
#include "config/schema/ids.h"
#include "config/schema/json_writer.h"

namespace headway {
namespace {

constexpr const char* kFirstLoss = "cross_entropy";  // once the only one

void take_first_loss_apart(nlohmann::json& json) {
  nlohmann::json& loss = json.at("loss");
  if (loss.at("name") != kFirstLoss) return;
  json["training"]["label_smoothing"] = loss.at("label_smoothing");
  loss.erase("label_smoothing");
  loss.erase("name");
  for (const OptionSpec& option : component(Family::kLoss, kFirstLoss).options) {
    const auto found = loss.find(option.name);
    if (found != loss.end() && *found == option.default_value) loss.erase(found);
  }
  if (loss.empty()) json.erase("loss");
}

// A key that is younger than the first trials stays out of an id at its default, so that trials
// keep the id they had before there was the key.
void remove_younger_defaults(nlohmann::json& json) {
  nlohmann::json& evaluation = json.at("evaluation");
  if (evaluation.at("calibration") == EvaluationConfig().calibration) {
    evaluation.erase("calibration");
  }
}

std::string hash_of(const nlohmann::json& json) {
  return sha256_hex(json.dump()).substr(0, TrialIdRule::kDigits);
}

}  // namespace

nlohmann::json to_canonical_json(const TrialConfig& config) {
  return section_to_json(config);
}

TrialId trial_id_of(const nlohmann::json& identity) {
  return TrialId(hash_of(identity));
}

CellId cell_id_of(nlohmann::json identity) {
  identity.erase("seed");
  return CellId(hash_of(identity));
}

nlohmann::json identity_json(const TrialConfig& config) {
  nlohmann::json json = to_canonical_json(config);
  json.at("dataset").erase("root");
  take_first_loss_apart(json);
  remove_younger_defaults(json);
  return json;
}

nlohmann::json canonical_json_of_stored(nlohmann::json config) {
  const auto evaluation = config.find("evaluation");
  if (evaluation != config.end() && !evaluation->contains("calibration")) {
    (*evaluation)["calibration"] = EvaluationConfig().calibration;
  }
  const auto training = config.find("training");
  if (training == config.end() || !training->contains("label_smoothing")) return config;
  nlohmann::json& loss = config["loss"];
  loss["name"] = kFirstLoss;
  loss["label_smoothing"] = training->at("label_smoothing");
  config.at("training").erase("label_smoothing");
  return config;
}

TrialId trial_id(const TrialConfig& config) {
  return trial_id_of(identity_json(config));
}

CellId cell_id(const TrialConfig& config) {
  return cell_id_of(identity_json(config));
}

}  // namespace headway
