#include "config/sweep/keys.h"

#include <algorithm>
#include <set>

#include "base/nearest_name.h"
#include "config/schema/fields.h"

namespace headway {
namespace {

/// The visitor that lists keys. Sections that hold a component are listed apart as well.
class KeyLister {
 public:
  KeyLister(std::string prefix,
            std::set<std::string>& keys,
            std::vector<ComponentSection>& components)
      : prefix_(std::move(prefix)), keys_(keys), components_(components) {}

  void operator()(std::string_view key, const auto&, const Limits& = {}) { add(key); }

  void section(std::string_view key, const auto& config) {
    add(key);
    KeyLister lister(prefix_ + std::string(key) + ".", keys_, components_);
    visit(lister, config);
    if (!lister.component_) return;
    lister.component_->section = prefix_ + std::string(key);
    components_.push_back(std::move(*lister.component_));
  }

  void component(Family family, std::string_view key, const std::string& name, const Options&) {
    add(key);
    component_ = ComponentSection{family, "", std::string(key), name, shared_};
    for (const ComponentSpec& spec : catalog(family)) {
      for (const OptionSpec& option : spec.options) keys_.insert(prefix_ + option.name);
    }
  }
  void components(Family, std::string_view key, const auto&) { add(key); }
  void automatic(std::string_view key, const auto&, const Limits&) { add(key); }
  void duration(std::string_view key, const auto&) { add(key); }
  void slurm_time(std::string_view key, const auto&) { add(key); }

 private:
  void add(std::string_view key) {
    keys_.insert(prefix_ + std::string(key));
    shared_.emplace_back(key);
    if (component_) component_->shared_keys = shared_;
  }

  std::string prefix_;
  std::set<std::string>& keys_;
  std::vector<ComponentSection>& components_;
  std::vector<std::string> shared_;
  std::optional<ComponentSection> component_;
};

struct KeyTable {
  std::vector<std::string> trial;
  std::vector<std::string> other;
  std::vector<ComponentSection> components;
};

KeyTable make_key_table() {
  KeyTable table;
  std::set<std::string> trial;
  KeyLister trial_lister("", trial, table.components);
  const TrialConfig trial_config;
  visit(trial_lister, trial_config);
  table.trial.assign(trial.begin(), trial.end());

  std::set<std::string> other{"name", "description", "resources", "slurm", "sweep"};
  for (const char* key : {"grid",
                          "zip",
                          "list",
                          "random",
                          "random.n",
                          "random.seed",
                          "exclude",
                          "seeds",
                          "on_invalid"}) {
    other.insert(std::string("sweep.") + key);
  }
  std::vector<ComponentSection> none;
  KeyLister resources_lister("resources.", other, none);
  const ResourcesConfig resources;
  visit(resources_lister, resources);
  KeyLister slurm_lister("slurm.", other, none);
  const SlurmConfig slurm;
  visit(slurm_lister, slurm);
  table.other.assign(other.begin(), other.end());
  return table;
}

const KeyTable& key_table() {
  static const KeyTable table = make_key_table();
  return table;
}

}  // namespace

const std::vector<std::string>& trial_keys() {
  return key_table().trial;
}

const std::vector<std::string>& other_keys() {
  return key_table().other;
}

bool is_trial_key(std::string_view key) {
  return std::ranges::binary_search(trial_keys(), key, std::less<>{});
}

std::optional<std::string> key_ending_in(std::string_view name,
                                         const std::vector<std::string>& keys) {
  const std::string ending = "." + std::string(name);
  std::optional<std::string> found;
  for (const std::string& key : keys) {
    if (!key.ends_with(ending)) continue;
    if (found) return std::nullopt;
    found = key;
  }
  return found;
}

std::string trial_key_suggestion(std::string_view key) {
  if (const auto full = key_ending_in(key, trial_keys())) return "; write '" + *full + "'";
  if (nearest_name(key, trial_keys())) return suggestion(key, trial_keys());
  const std::string section(key.substr(0, key.find('.')));
  const bool known_section = section.size() < key.size() && is_trial_key(section);
  std::vector<std::string> known;
  for (const std::string& candidate : trial_keys()) {
    const bool inside = candidate.starts_with(section + ".");
    const bool top = candidate.find('.') == std::string::npos;
    if (known_section ? inside : top) known.push_back(candidate);
  }
  return suggestion(key, known);
}

const std::vector<ComponentSection>& component_sections() {
  return key_table().components;
}

}  // namespace headway
