#include "runner/completion/key_values.h"

#include <algorithm>
#include <map>

#include "config/schema/catalog.h"
#include "config/schema/fields.h"
#include "config/sweep/keys.h"

namespace headway {
namespace {

using KeyValues = std::map<std::string, std::vector<std::string>>;

/// The visitor that lists what fields may hold.
class ValueLister {
 public:
  ValueLister(std::string prefix, KeyValues& values)
      : prefix_(std::move(prefix)), values_(values) {}

  void operator()(std::string_view key, const bool&, const Limits& = {}) {
    add(key, {"true", "false"});
  }
  void operator()(std::string_view key, const auto&, const Limits& limits = {}) {
    add(key, choices_of(limits));
  }
  void section(std::string_view key, const auto& config) {
    ValueLister lister(prefix_ + std::string(key) + ".", values_);
    visit(lister, config);
  }
  void component(Family family, std::string_view key, const std::string&, const Options&) {
    add_components(family, key);
    for (const ComponentSpec& spec : catalog(family)) {
      for (const OptionSpec& option : spec.options) {
        add(option.name,
            option.type == OptionType::kFlag ? std::vector<std::string>{"true", "false"}
                                             : choices_of(option.limits));
      }
    }
  }
  void components(Family family, std::string_view key, const auto&) { add_components(family, key); }
  void automatic(std::string_view key, const auto&, const Limits&) { add(key, {"auto"}); }
  void duration(std::string_view, const auto&) {}
  void slurm_time(std::string_view, const auto&) {}

 private:
  void add_components(Family family, std::string_view key) {
    std::vector<std::string> names;
    for (const ComponentSpec& spec : catalog(family)) names.push_back(spec.name);
    add(key, names);
  }
  void add(std::string_view key, const std::vector<std::string>& values) {
    std::vector<std::string>& known = values_[prefix_ + std::string(key)];
    for (const std::string& value : values) {
      if (std::find(known.begin(), known.end(), value) == known.end()) known.push_back(value);
    }
  }

  std::string prefix_;
  KeyValues& values_;
};

KeyValues list_values() {
  KeyValues values;
  ValueLister trial("", values);
  const TrialConfig any_trial;
  visit(trial, any_trial);
  ValueLister resources("resources.", values);
  const ResourcesConfig any_resources;
  visit(resources, any_resources);
  return values;
}

}  // namespace

std::vector<std::string> value_keys(bool trial_only) {
  std::vector<std::string> all = trial_keys();
  if (!trial_only) all.insert(all.end(), other_keys().begin(), other_keys().end());
  std::vector<std::string> keys;
  for (const std::string& key : all) {
    const bool is_section = std::any_of(all.begin(), all.end(), [&key](const std::string& other) {
      return other.starts_with(key + ".");
    });
    if (!is_section) keys.push_back(key);
  }
  return keys;
}

std::vector<std::string> values_of_key(const std::string& key) {
  const KeyValues values = list_values();
  const auto found = values.find(key);
  return found == values.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace headway
