#include "config/sweep/overrides.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest_name.h"
#include "config/sweep/cells.h"
#include "config/sweep/keys.h"
#include "config/yaml/trial_reader.h"
#include "config/yaml/yaml_reader.h"

namespace headway {
namespace {

constexpr std::string_view kTrialPrefix = "trial.";

/// One override, taken apart.
struct Override {
  std::string key;  // without "trial."
  bool of_trial = false;
  bool is_removal = false;
  std::string value;
  const std::string* source = nullptr;
};

std::string key_suggestion(const std::string& key) {
  std::vector<std::string> known = trial_keys();
  known.insert(known.end(), other_keys().begin(), other_keys().end());
  return nearest_name(key, known) ? suggestion(key, known) : trial_key_suggestion(key);
}

bool is_other_key(const std::string& key) {
  return std::ranges::binary_search(other_keys(), key);
}

std::optional<Override> take_apart(const std::string& text,
                                   const std::string& source,
                                   Problems& problems) {
  Override result;
  result.source = &source;
  const std::size_t equals = text.find('=');
  result.is_removal = text.starts_with('~');
  if (!result.is_removal && equals == std::string::npos) {
    problems.push_back({{&source}, "expected KEY=VALUE or ~KEY"});
    return std::nullopt;
  }
  result.key = result.is_removal ? text.substr(1) : text.substr(0, equals);
  if (!result.is_removal) result.value = text.substr(equals + 1);
  const std::string written = result.key;
  if (result.key.starts_with(kTrialPrefix)) {
    result.key.erase(0, kTrialPrefix.size());
    result.of_trial = true;
  }
  const bool is_of_trial = is_trial_key(current_key(result.key));
  result.of_trial = result.of_trial || is_of_trial;
  if (result.of_trial ? is_of_trial : is_other_key(result.key)) return result;
  problems.push_back(
      {{&source}, fmt::format("unknown key '{}'{}", written, key_suggestion(result.key))});
  return std::nullopt;
}

Assignment assignment_of(const Override& override, LocatedValue value) {
  return {override.key, split_key(override.key), {override.source}, std::move(value)};
}

LocatedValue text_value(const Override& override) {
  LocatedValue value;
  value.kind = LocatedValue::Kind::kScalar;
  value.place = {override.source};
  value.text = override.value;
  return value;
}

void read_override(const Override& override, Overrides& overrides, Problems& problems) {
  if (override.is_removal) {
    if (override.of_trial) {
      overrides.removed.push_back(current_key(override.key));
    } else {
      overrides.set_elsewhere.push_back(assignment_of(override, {}));
    }
    return;
  }
  if (override.key == "name" || override.key == "description") {
    overrides.set_elsewhere.push_back(assignment_of(override, text_value(override)));
    return;
  }
  LocatedValue values = parse_override_values(override.value, *override.source, problems);
  if (!values.is_list()) return;
  const bool single = values.items.size() == 1;
  LocatedValue empty;
  empty.place = {override.source};
  if (values.items.empty()) values.items.push_back(empty);
  if (!override.of_trial) {
    LocatedValue value = values.items.size() > 1 ? values : values.items.front();
    overrides.set_elsewhere.push_back(assignment_of(override, std::move(value)));
  } else if (single || values.items.front().is_null()) {
    overrides.set.push_back(assignment_of(override, values.items.front()));
  } else {
    Axis axis;
    for (const LocatedValue& value : values.items) {
      axis.choices.push_back({assignment_of(override, value)});
    }
    overrides.axes.push_back(std::move(axis));
  }
}

bool is_below(const std::string& key, const std::string& section) {
  return key == section || key.starts_with(section + ".");
}

/// Takes `key` out of what one choice sets, also out of whole sections. True when it was there.
bool remove_key(Choice& choice, const std::string& key) {
  bool removed = std::erase_if(choice, [&](const Assignment& assignment) {
                   return is_below(assignment.key, key);
                 }) > 0;
  for (Assignment& assignment : choice) {
    if (!is_below(key, assignment.key)) continue;
    const std::string inner = key.substr(assignment.key.size() + 1);
    removed = erase_at(assignment.value, split_key(inner)) || removed;
  }
  return removed;
}

/// Takes `key` out of one choice as it gets `values` instead, with what they rule out.
bool replace_key(Choice& choice, const std::string& key, const std::vector<std::string>& values) {
  const bool removed = remove_key(choice, key);
  drop_options_lacked_by(key, values, choice);
  return removed;
}

void remove_from_axes(SweepAxes& axes,
                      const std::string& key,
                      const std::vector<std::string>& values,
                      const std::string& how,
                      std::vector<std::string>& notes) {
  bool removed = false;
  for (Axis& axis : axes.product) {
    for (Choice& choice : axis.choices) removed = replace_key(choice, key, values) || removed;
  }
  std::erase_if(axes.product, [](const Axis& axis) {
    return std::ranges::all_of(axis.choices, [](const Choice& choice) { return choice.empty(); });
  });
  if (removed)
    notes.push_back(fmt::format("{} replaces the axis '{}' of the sweep file", how, key));
  removed = false;
  for (Choice& choice : axes.list) removed = replace_key(choice, key, values) || removed;
  if (removed) {
    notes.push_back(fmt::format("{} replaces '{}' in entries of sweep.list", how, key));
  }
}

}  // namespace

Overrides read_overrides(const std::vector<std::string>& texts, Problems& problems) {
  Overrides overrides;
  for (const std::string& text : texts) {
    const std::string& source =
        overrides.sources.emplace_back(fmt::format("command line: '{}'", text));
    if (const auto override = take_apart(text, source, problems)) {
      read_override(*override, overrides, problems);
    }
  }
  rename_old_keys(overrides.set, problems);
  for (Axis& axis : overrides.axes) {
    for (Choice& choice : axis.choices) rename_old_keys(choice, problems);
  }
  return overrides;
}

void apply_elsewhere(const Overrides& overrides, LocatedValue& file) {
  for (const Assignment& assignment : overrides.set_elsewhere) {
    erase_at(file, assignment.path);  // a mapping replaces here, it does not merge
    if (!assignment.value.is_null()) {
      merge_at(file, assignment.path, assignment.value, assignment.key_place);
    }
  }
}

void apply_to_trial(const Overrides& overrides,
                    LocatedValue& base,
                    SweepAxes& axes,
                    std::vector<std::string>& notes) {
  for (const std::string& key : overrides.removed) {
    erase_at(base, split_key(key));
    remove_from_axes(axes, key, {}, fmt::format("command line: '~{}'", key), notes);
  }
  Choice set;
  for (const Assignment& assignment : overrides.set) {
    remove_from_axes(
        axes, assignment.key, {assignment.value.text}, *assignment.key_place.source, notes);
    set.push_back(assignment);
  }
  for (const Axis& axis : overrides.axes) {
    const Assignment& first = axis.choices.front().front();
    std::vector<std::string> values;
    for (const Choice& choice : axis.choices) values.push_back(choice.front().value.text);
    remove_from_axes(axes, first.key, values, *first.key_place.source, notes);
    axes.common_axes.push_back(axis);
  }
  if (!set.empty()) base = apply_choices(base, {&set}, notes);
}

}  // namespace headway
