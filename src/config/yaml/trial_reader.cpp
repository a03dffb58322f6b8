#include "config/yaml/trial_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/rules/config_rules.h"
#include "config/schema/catalog.h"
#include "config/yaml/scalars.h"
#include "config/yaml/section_reader.h"

namespace headway {
namespace {

bool same_value(const LocatedValue& left, const LocatedValue& right) {
  if (!left.is_scalar() || !right.is_scalar()) return false;
  const auto number = parse_number(left.text);
  return number ? number == parse_number(right.text) : left.text == right.text;
}

/// "sweep.yaml:3:5"; of JSON, which has no places, "".
std::string place_text(const Place& place) {
  const std::string prefix = place.prefix();
  return prefix.empty() ? "" : prefix.substr(0, prefix.size() - 2);
}

void name_default_loss(LocatedValue& trial) {
  if (find_at(trial, {"loss", "name"}) != nullptr) return;
  const LocatedValue::Entry* head = find_at(trial, {"head", "name"});
  LocatedValue name;
  name.kind = LocatedValue::Kind::kScalar;
  name.place = head == nullptr ? trial.place : head->value.place;
  name.text = default_loss(head == nullptr ? HeadConfig().name : head->value.text);
  merge_at(trial, {"loss", "name"}, name, name.place);
}

}  // namespace

std::string default_loss(const std::string& head) {
  if (find_component(Family::kHead, head) == nullptr) return LossConfig().name;
  return head_spec(head).default_loss;
}

TrialConfig read_trial(LocatedValue trial, Problems& problems) {
  move_renamed_keys(trial, problems);
  name_default_loss(trial);
  return read_section<TrialConfig>(trial, "", problems);
}

TrialConfig trial_config_from_json(const nlohmann::json& json) {
  Problems problems;
  LocatedValue value = located_value_from_json(json);
  if (!value.is_map()) {
    throw_problems({{{}, "expected a trial's configuration, found " + describe(value)}});
  }
  TrialConfig config = read_trial(std::move(value), problems);
  throw_problems(problems);
  for (const Finding& finding : check_cell(config)) {
    if (finding.refuse) problems.push_back({{}, finding.key + ": " + finding.message});
  }
  throw_problems(std::move(problems));
  return config;
}

const std::vector<RenamedKey>& renamed_keys() {
  static const std::vector<RenamedKey> keys{{"training.label_smoothing", "loss.label_smoothing"}};
  return keys;
}

std::string current_key(const std::string& key) {
  const auto found = std::ranges::find(renamed_keys(), key, &RenamedKey::old_key);
  return found == renamed_keys().end() ? key : found->key;
}

void move_renamed_keys(LocatedValue& trial, Problems& problems) {
  for (const RenamedKey& renamed : renamed_keys()) {
    const LocatedValue::Entry* found = find_at(trial, split_key(renamed.old_key));
    if (found == nullptr) continue;
    const LocatedValue::Entry old = *found;
    erase_at(trial, split_key(renamed.old_key));
    const LocatedValue::Entry* present = find_at(trial, split_key(renamed.key));
    if (present == nullptr) {
      merge_at(trial, split_key(renamed.key), old.value, old.key_place);
    } else if (!same_value(old.value, present->value)) {
      const std::string other = place_text(present->value.place);
      problems.push_back({old.value.place,
                          fmt::format("'{}', now called '{}', is {} here and {} {}; give one",
                                      renamed.old_key,
                                      renamed.key,
                                      describe(old.value),
                                      describe(present->value),
                                      other.empty() ? "there" : "at " + other)});
    }
  }
}

}  // namespace headway
