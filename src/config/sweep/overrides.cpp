#include "config/sweep/overrides.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest_name.h"
#include "base/utf8.h"
#include "config/schema/leaves.h"
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
  for (const std::string& other : other_keys()) {
    // A section without effect is no remedy for a slip in another.
    if (!other.starts_with("slurm") || key.starts_with("slurm")) known.push_back(other);
  }
  if (const auto full = key_ending_in(key, known)) return fmt::format("; write '{}'", *full);
  if (nearest_name(key, known)) return suggestion(key, known);
  std::vector<std::string> beside;
  const std::string section = key.substr(0, key.find('.') + 1);  // with the dot; "" without one
  for (const std::string& other : other_keys()) {
    if (!section.empty() && other.starts_with(section)) beside.push_back(other);
  }
  return beside.empty() ? trial_key_suggestion(key) : suggestion(key, beside);
}

bool is_other_key(const std::string& key) {
  return std::ranges::binary_search(other_keys(), key);
}

std::optional<Override> take_apart(const std::string& text,
                                   const std::string& source,
                                   Problems& problems) {
  if (first_byte_that_is_no_utf8(text)) {
    problems.push_back({{&source}, "expected UTF-8"});
    return std::nullopt;
  }
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
  if (!result.is_removal && result.value.empty() && result.key != "description") {
    problems.push_back({{&source},
                        fmt::format("expected a value behind '='; ~{} removes the key, so that its "
                                    "default counts",
                                    result.key)});
    return std::nullopt;
  }
  const std::string written = result.key;
  if (result.key.starts_with(kTrialPrefix)) {
    result.key.erase(0, kTrialPrefix.size());
    result.of_trial = true;
  }
  const std::string present = current_key(result.key);
  const bool is_of_trial = is_trial_key(present);
  if (is_of_trial) result.key = present;
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

/// The comma-separated values; none when something is wrong with them.
std::vector<LocatedValue> override_values(const Override& override, Problems& problems) {
  LocatedValue values = parse_override_values(override.value, *override.source, problems);
  if (override.key == kDatasetRoot && values.items.size() > 1) {
    problems.push_back({{override.source},
                        fmt::format("{}; a path with a comma is put in quotes: {}='\"{}\"'",
                                    kRootIsNoAxis,
                                    override.key,
                                    override.value)});
    return {};
  }
  LocatedValue nothing;
  nothing.place = {override.source};
  if (values.is_list() && values.items.empty()) values.items.push_back(nothing);
  return values.items;
}

/// The remedy where a component's name was given for the section that holds it; "" else.
std::string name_for_section(const Override& override, const std::vector<LocatedValue>& values) {
  for (const ComponentSection& section : component_sections()) {
    if (section.section != override.key) continue;
    if (!std::ranges::all_of(values, &LocatedValue::is_scalar)) return "";
    return fmt::format(
        "'{0}' is a section; write {0}.{1}={2}, or '{0}={{{1}: {3}}}' to set it anew",
        section.section,
        section.name_key,
        override.value,
        values.front().text);
  }
  return "";
}

void read_trial_override(const Override& override, Overrides& overrides, Problems& problems) {
  TrialOverride read{override.key, override.source, {}};
  if (!override.is_removal) {
    std::vector<LocatedValue> values = override_values(override, problems);
    if (values.empty()) return;  // what is wrong with them is told
    if (std::string remedy = name_for_section(override, values); !remedy.empty()) {
      problems.push_back({{override.source}, std::move(remedy)});
      return;
    }
    for (LocatedValue& value : values) {
      Choice& choice = read.choices.emplace_back();
      choice.push_back(assignment_of(override, std::move(value)));
      rename_old_keys(choice, problems);
    }
  }
  overrides.of_trial.push_back(std::move(read));
}

void read_override(const Override& override, Overrides& overrides, Problems& problems) {
  if (override.of_trial) return read_trial_override(override, overrides, problems);
  if (override.is_removal) {
    overrides.set_elsewhere.push_back(assignment_of(override, {}));
  } else if (override.key == "name" || override.key == "description") {
    overrides.set_elsewhere.push_back(assignment_of(override, text_value(override)));
  } else {
    std::vector<LocatedValue> values = override_values(override, problems);
    if (values.empty()) return;
    LocatedValue value = values.front();
    if (values.size() > 1) {
      value = LocatedValue();
      value.kind = LocatedValue::Kind::kList;
      value.place = {override.source};
      value.items = std::move(values);
    }
    overrides.set_elsewhere.push_back(assignment_of(override, std::move(value)));
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

/// "'KEY=VALUE'", as it was given.
std::string given_text(const std::string& source) {
  return source.substr(source.find('\''));
}

std::string later_wins(const std::string& later, const std::string& earlier) {
  return fmt::format("{} comes after {} and wins", later, given_text(earlier));
}

Problem removes_nothing(const std::string* source, const std::string& key) {
  return {{source},
          fmt::format("has no effect: nothing sets '{}', so there is nothing to remove", key)};
}

/// Applies overrides of the trial one after the other.
class TrialOverrides {
 public:
  TrialOverrides(const Overrides& overrides,
                 SweepAxes& axes,
                 std::vector<std::string>& notes,
                 Problems& problems)
      : overrides_(overrides), axes_(axes), notes_(notes), problems_(problems) {}

  void apply(const TrialOverride& override, LocatedValue& base) {
    if (override.choices.empty()) {
      const bool was_in_base = erase_at(base, split_key(override.key));
      const bool was_elsewhere = take_from_others(override, override.key, {});
      if (!was_in_base && !was_elsewhere) {
        problems_.push_back(removes_nothing(override.source, override.key));
      }
      return;
    }
    for (const Assignment& assignment : override.choices.front()) {
      std::vector<std::string> values;
      for (const Choice& choice : override.choices) values.push_back(value_of(assignment, choice));
      take_from_others(override, assignment.key, values);
    }
    if (override.choices.size() == 1) {
      const Choice& only = override.choices.front();
      set_.insert(set_.end(), only.begin(), only.end());
    } else {
      added_.push_back({override.choices});
    }
  }

  void finish(LocatedValue& base) {
    erase_empty(added_);
    axes_.common_axes.insert(axes_.common_axes.end(), added_.begin(), added_.end());
    if (!set_.empty()) base = apply_choices(base, {&set_}, notes_);
  }

 private:
  static std::string value_of(const Assignment& like, const Choice& choice) {
    const auto found = std::ranges::find(choice, like.key, &Assignment::key);
    return found == choice.end() ? "" : found->value.text;
  }

  static void erase_empty(std::vector<Axis>& axes) {
    std::erase_if(axes, [](const Axis& axis) {
      return std::ranges::all_of(axis.choices, [](const Choice& choice) { return choice.empty(); });
    });
  }

  /// True when one of them set it.
  bool take_from_others(const TrialOverride& override,
                        const std::string& key,
                        const std::vector<std::string>& values) {
    bool removed = take_from_file(override, key, values);
    removed = take_from_earlier(*override.source, key, set_) || removed;
    for (Axis& axis : added_) {
      for (Choice& choice : axis.choices) {
        removed = take_from_earlier(*override.source, key, choice) || removed;
      }
    }
    return removed;
  }

  bool take_from_file(const TrialOverride& override,
                      const std::string& key,
                      const std::vector<std::string>& values) {
    bool removed = false;
    for (Axis& axis : axes_.product) {
      for (Choice& choice : axis.choices) {
        refuse_later(override, key, choice);
        removed = replace_key(choice, key, values) || removed;
      }
    }
    erase_empty(axes_.product);
    if (removed) {
      notes_.push_back(
          fmt::format("{} replaces the axis '{}' of the sweep file", *override.source, key));
    }
    bool is_listed = false;
    for (Choice& choice : axes_.list) {
      refuse_later(override, key, choice);
      is_listed = replace_key(choice, key, values) || is_listed;
    }
    if (is_listed) {
      notes_.push_back(
          fmt::format("{} replaces '{}' in entries of sweep.list", *override.source, key));
    }
    return removed || is_listed;
  }

  bool take_from_earlier(const std::string& source, const std::string& key, Choice& choice) {
    std::vector<std::string> replaced;
    for (const Assignment& assignment : choice) {
      if (sets_key(assignment, key)) replaced.push_back(*assignment.key_place.source);
    }
    remove_key(choice, key);
    for (const std::string& earlier : replaced) note_once(later_wins(source, earlier));
    return !replaced.empty();
  }

  void note_once(std::string note) {
    if (std::ranges::find(notes_, note) == notes_.end()) notes_.push_back(std::move(note));
  }

  /// An axis that an override of `sweep` brought in after `override`.
  void refuse_later(const TrialOverride& override, const std::string& key, const Choice& choice) {
    for (const Assignment& assignment : choice) {
      const std::string* source = assignment.key_place.source;
      if (!sets_key(assignment, key) || position(source) <= position(override.source)) continue;
      problems_.push_back(
          {{override.source},
           fmt::format(
               "'{}' is set here and by {} after it; give one of them", key, given_text(*source))});
    }
  }

  /// Among what was given on the command line, from 1; 0: in the file.
  std::size_t position(const std::string* source) const {
    const auto found = std::ranges::find(
        overrides_.sources, source, [](const std::string& text) { return &text; });
    if (found == overrides_.sources.end()) return 0;
    return static_cast<std::size_t>(found - overrides_.sources.begin()) + 1;
  }

  const Overrides& overrides_;
  SweepAxes& axes_;
  std::vector<std::string>& notes_;
  Problems& problems_;
  Choice set_;               // of the overrides so far: single values
  std::vector<Axis> added_;  // and axes
};

/// The section of a component where `key` names an option that not all components have; "" else.
std::string section_of_option(const std::string& key) {
  for (const ComponentSection& section : component_sections()) {
    if (!key.starts_with(section.section + ".")) continue;
    const std::string option = key.substr(section.section.size() + 1);
    const bool is_shared =
        option.find('.') != std::string::npos ||
        std::ranges::find(section.shared_keys, option) != section.shared_keys.end();
    return is_shared ? "" : section.section;
  }
  return "";
}

}  // namespace

bool sets_key(const Assignment& assignment, const std::string& key) {
  if (is_below(assignment.key, key)) return true;
  if (!is_below(key, assignment.key)) return false;
  return find_at(assignment.value, split_key(key.substr(assignment.key.size() + 1))) != nullptr;
}

Overrides read_overrides(const std::vector<std::string>& texts, Problems& problems) {
  Overrides overrides;
  for (const std::string& text : texts) {
    const std::string& source =
        overrides.sources.emplace_back(fmt::format("command line: '{}'", text));
    if (const auto override = take_apart(text, source, problems)) {
      read_override(*override, overrides, problems);
    }
  }
  return overrides;
}

void apply_elsewhere(const Overrides& overrides,
                     LocatedValue& file,
                     std::vector<std::string>& notes,
                     Problems& problems) {
  for (auto now = overrides.set_elsewhere.begin(); now != overrides.set_elsewhere.end(); ++now) {
    for (auto before = overrides.set_elsewhere.begin(); before != now; ++before) {
      if (!is_below(before->key, now->key)) continue;
      notes.push_back(later_wins(*now->key_place.source, *before->key_place.source));
    }
    // A mapping replaces here, it does not merge.
    const bool was_set = erase_at(file, now->path);
    if (!was_set && now->value.is_null()) {
      problems.push_back(removes_nothing(now->key_place.source, now->key));
    }
    if (!now->value.is_null()) merge_at(file, now->path, now->value, now->key_place);
  }
}

void apply_to_trial(const Overrides& overrides,
                    LocatedValue& base,
                    SweepAxes& axes,
                    std::vector<std::string>& notes,
                    Problems& problems) {
  TrialOverrides applied(overrides, axes, notes, problems);
  for (const TrialOverride& override : overrides.of_trial) applied.apply(override, base);
  applied.finish(base);
}

void check_options_are_used(const Overrides& overrides,
                            const std::vector<Trial>& trials,
                            Problems& problems) {
  if (trials.empty()) return;
  for (const TrialOverride& override : overrides.of_trial) {
    const std::string section = section_of_option(override.key);
    if (section.empty() || override.choices.empty()) continue;
    const bool is_used = std::ranges::any_of(trials, [&](const Trial& trial) {
      return config_leaves(to_canonical_json(trial.config)).contains(override.key);
    });
    if (is_used) continue;
    problems.push_back({{override.source},
                        fmt::format("'{0}' has no effect: no trial's {1} has it; name one that has "
                                    "in {1}.name as well",
                                    override.key,
                                    section)});
  }
}

}  // namespace headway
