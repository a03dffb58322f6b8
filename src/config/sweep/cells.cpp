#include "config/sweep/cells.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "config/sweep/keys.h"
#include "config/yaml/scalars.h"
#include "config/yaml/trial_reader.h"

namespace headway {
namespace {

struct SetKey {
  std::size_t axis;
  Place place;
};

/// "FILE:LINE:COLUMN".
std::string where(const Place& place) {
  const std::string prefix = place.prefix();
  return prefix.substr(0, prefix.size() - 2);
}

using SetKeys = std::map<std::string, SetKey>;

/// Every leaf key that an assignment sets, with the axis that owns it.
void claim_keys(const std::string& key,
                const LocatedValue& value,
                const SetKey& owner,
                SetKeys& claimed,
                Problems& problems) {
  if (value.is_map()) {
    for (const LocatedValue::Entry& entry : value.entries) {
      claim_keys(key + "." + entry.key, entry.value, owner, claimed, problems);
    }
    return;
  }
  const auto [found, is_new] = claimed.emplace(key, owner);
  if (is_new || found->second.axis == owner.axis) return;
  problems.push_back(
      {owner.place,
       fmt::format(
           "'{}' is set by two axes; the other one is at {}", key, where(found->second.place))});
}

std::size_t choice_count(const std::vector<Axis>& axes, std::size_t i) {
  return axes[i].choices.size();
}

/// The mixed-radix counter behind a product of axes.
void for_each_combination(
    const std::vector<Axis>& axes,
    std::vector<const Choice*> chosen,
    const std::function<void(const std::vector<const Choice*>&)>& visit_cell) {
  std::vector<std::size_t> index(axes.size(), 0);
  const std::size_t offset = chosen.size();
  chosen.resize(offset + axes.size());
  while (true) {
    for (std::size_t i = 0; i < axes.size(); ++i) chosen[offset + i] = &axes[i].choices[index[i]];
    visit_cell(chosen);
    std::size_t digit = axes.size();
    while (digit > 0 && ++index[digit - 1] == choice_count(axes, digit - 1)) index[--digit] = 0;
    if (digit == 0) return;
  }
}

bool has_product(const SweepAxes& axes) {
  return !axes.product.empty() || axes.list.empty();
}

std::vector<Axis> product_axes(const SweepAxes& axes) {
  std::vector<Axis> all = axes.product;
  all.insert(all.end(), axes.common_axes.begin(), axes.common_axes.end());
  return all;
}

/// The name that the choices give a section's component, or null.
const LocatedValue* new_name(const ComponentSection& section,
                             const std::vector<const Choice*>& choices) {
  const LocatedValue* name = nullptr;
  const std::string key = section.section + "." + section.name_key;
  for (const Choice* choice : choices) {
    for (const Assignment& assignment : *choice) {
      if (assignment.key == key) name = &assignment.value;
      if (assignment.key != section.section) continue;
      if (const auto* entry = assignment.value.find(section.name_key)) name = &entry->value;
    }
  }
  return name;
}

bool has_option(const ComponentSpec& spec, const std::string& key) {
  return std::ranges::find(spec.options, key, &OptionSpec::name) != spec.options.end();
}

/// An option of some other component of the family.
bool belongs_elsewhere(const ComponentSection& section,
                       const ComponentSpec& spec,
                       const std::string& key) {
  const bool shared = std::ranges::find(section.shared_keys, key) != section.shared_keys.end();
  if (shared || has_option(spec, key)) return false;
  return std::ranges::any_of(catalog(section.family),
                             [&](const ComponentSpec& other) { return has_option(other, key); });
}

const ComponentSection& section_of(Family family) {
  return *std::ranges::find(component_sections(), family, &ComponentSection::family);
}

/// The section's component once the choices are made.
std::string component_name(const ComponentSection& section,
                           const LocatedValue& trial,
                           const std::vector<const Choice*>& choices) {
  if (const LocatedValue* name = new_name(section, choices)) return name->text;
  if (const auto* name = find_at(trial, {section.section, section.name_key})) {
    return name->value.text;
  }
  if (section.family != Family::kLoss) return section.default_name;
  return default_loss(component_name(section_of(Family::kHead), trial, choices));
}

void drop_foreign_options(LocatedValue& trial,
                          const ComponentSection& section,
                          const std::vector<const Choice*>& choices,
                          std::vector<std::string>& notes) {
  LocatedValue::Entry* base = trial.find(section.section);
  if (base == nullptr) return;
  const std::string name = component_name(section, trial, choices);
  if (name == component_name(section, trial, {})) return;
  const ComponentSpec* spec = find_component(section.family, name);
  if (spec == nullptr) return;
  std::erase_if(base->value.entries, [&](const LocatedValue::Entry& entry) {
    if (!belongs_elsewhere(section, *spec, entry.key)) return false;
    notes.push_back(
        fmt::format("dropped {}.{} of the base configuration where {}.{} is '{}', which "
                    "has no such option",
                    section.section,
                    entry.key,
                    section.section,
                    section.name_key,
                    name));
    return true;
  });
}

bool lacked_by_any(const ComponentSection& section,
                   const std::vector<std::string>& names,
                   const std::string& key) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    const ComponentSpec* spec = find_component(section.family, name);
    return spec != nullptr && belongs_elsewhere(section, *spec, key);
  });
}

struct SetSeed {
  Place place;
  std::string text;
};

std::vector<SetSeed> set_seeds(const std::vector<Choice>& choices) {
  std::vector<SetSeed> seeds;
  for (const Choice& choice : choices) {
    for (const Assignment& assignment : choice) {
      if (assignment.key == "seed") seeds.push_back({assignment.key_place, assignment.value.text});
    }
  }
  return seeds;
}

bool is_of_command_line(const Place& place) {
  return place.line == 0;
}

Problem seed_without_effect(const SweepAxes& axes, const std::vector<SetSeed>& seeds) {
  std::vector<std::string> texts;
  for (const SetSeed& seed : seeds) texts.push_back(seed.text);
  const std::string list = fmt::format("[{}]", fmt::join(texts, ", "));
  const Place& place = seeds.front().place;
  const bool may_be_seeds = std::ranges::all_of(seeds, [](const SetSeed& seed) {
    const auto number = parse_integer(seed.text);
    return number && *number >= 0;
  });
  if (!may_be_seeds) {
    return {
        place,
        fmt::format("'seed' has no effect beside sweep.seeds, at {}, which takes integers >= 0, "
                    "as in sweep.seeds: [0, 1]",
                    where(axes.seeds_place))};
  }
  return {place,
          fmt::format("'seed' has no effect beside sweep.seeds, at {}; write {} instead",
                      where(axes.seeds_place),
                      is_of_command_line(place) ? fmt::format("'sweep.seeds={}'", list)
                                                : "sweep.seeds: " + list)};
}

std::string text_of(const LocatedValue& value) {
  std::vector<std::string> parts;
  for (const LocatedValue& item : value.items) parts.push_back(text_of(item));
  for (const LocatedValue::Entry& entry : value.entries) {
    parts.push_back(entry.key + ": " + text_of(entry.value));
  }
  if (value.is_list()) return fmt::format("[{}]", fmt::join(parts, ", "));
  if (value.is_map()) return fmt::format("{{{}}}", fmt::join(parts, ", "));
  return value.is_null() ? "null" : value.text;
}

}  // namespace

void check_axis_conflicts(const SweepAxes& axes, Problems& problems) {
  SetKeys claimed;
  std::size_t axis_number = 0;
  for (const Axis& axis : product_axes(axes)) {
    ++axis_number;
    for (const Choice& choice : axis.choices) {
      for (const Assignment& assignment : choice) {
        claim_keys(assignment.key,
                   assignment.value,
                   {axis_number, assignment.key_place},
                   claimed,
                   problems);
      }
    }
  }
}

void check_seed_is_set_once(const LocatedValue& base,
                            const SweepAxes& axes,
                            std::vector<std::string>& notes,
                            Problems& problems) {
  if (!axes.seeds) return;
  const auto check = [&](const std::vector<SetSeed>& seeds) {
    if (seeds.empty()) return;
    if (is_of_command_line(axes.seeds_place) && !is_of_command_line(seeds.front().place)) {
      notes.push_back(where(axes.seeds_place) + " replaces 'seed' of the sweep file");
    } else {
      problems.push_back(seed_without_effect(axes, seeds));
    }
  };
  if (const LocatedValue::Entry* seed = base.find("seed")) {
    check({{seed->value.place, seed->value.text}});
  }
  for (const Axis& axis : product_axes(axes)) check(set_seeds(axis.choices));
  for (const Choice& choice : axes.list) check(set_seeds({choice}));
}

double cell_count(const SweepAxes& axes) {
  double product = has_product(axes) ? 1 : 0;
  for (const Axis& axis : axes.product) product *= static_cast<double>(axis.choices.size());
  double count = product + static_cast<double>(axes.list.size());
  for (const Axis& axis : axes.common_axes) count *= static_cast<double>(axis.choices.size());
  return count;
}

void for_each_cell(const SweepAxes& axes,
                   const std::function<void(const std::vector<const Choice*>&)>& visit_cell) {
  if (has_product(axes)) for_each_combination(product_axes(axes), {}, visit_cell);
  for (const Choice& choice : axes.list) {
    for_each_combination(axes.common_axes, {&choice}, visit_cell);
  }
}

LocatedValue apply_choices(const LocatedValue& base,
                           const std::vector<const Choice*>& choices,
                           std::vector<std::string>& notes) {
  LocatedValue trial = base;
  for (const ComponentSection& section : component_sections()) {
    drop_foreign_options(trial, section, choices, notes);
  }
  for (const Choice* choice : choices) {
    for (const Assignment& assignment : *choice) {
      merge_at(trial, assignment.path, assignment.value, assignment.key_place);
    }
  }
  return trial;
}

void drop_options_lacked_by(const std::string& name_key,
                            const std::vector<std::string>& names,
                            Choice& choice) {
  for (const ComponentSection& section : component_sections()) {
    if (name_key != section.section + "." + section.name_key) continue;
    const std::string prefix = section.section + ".";
    std::erase_if(choice, [&](Assignment& assignment) {
      if (assignment.key.starts_with(prefix)) {
        return lacked_by_any(section, names, assignment.key.substr(prefix.size()));
      }
      if (assignment.key != section.section || !assignment.value.is_map()) return false;
      std::erase_if(assignment.value.entries, [&](const LocatedValue::Entry& entry) {
        return lacked_by_any(section, names, entry.key);
      });
      return assignment.value.entries.empty();
    });
  }
}

std::string describe(const std::vector<const Choice*>& choices) {
  std::vector<std::string> parts;
  for (const Choice* choice : choices) {
    for (const Assignment& assignment : *choice) {
      parts.push_back(assignment.key + ": " + text_of(assignment.value));
    }
  }
  return parts.empty() ? "the base configuration" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace headway
