#include "config/sweep/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/nearest_name.h"
#include "config/sweep/keys.h"
#include "config/yaml/scalars.h"
#include "config/yaml/trial_reader.h"

namespace headway {
namespace {

constexpr std::int64_t kMaximumDraws = 1'000'000;
constexpr Limits kTrialCount{.minimum = 1, .maximum = kMaximumTrials};

std::vector<LocatedValue> axis_values(const LocatedValue::Entry& entry, Problems& problems) {
  if (!entry.value.is_list()) {
    problems.push_back(
        {entry.value.place,
         fmt::format(
             "axis '{}': expected a list of values, found {}", entry.key, describe(entry.value))});
    return {};
  }
  if (entry.value.items.empty()) {
    problems.push_back({entry.value.place, fmt::format("axis '{}' has no values", entry.key)});
  }
  return entry.value.items;
}

/// Of an axis, whose choices get a value each: what copies of the whole list held would add up to
/// its square.
std::optional<Assignment> make_axis_assignment(const LocatedValue::Entry& entry,
                                               Problems& problems) {
  auto assignment = make_assignment(entry, problems);
  if (assignment) assignment->value = LocatedValue();
  return assignment;
}

void read_grid(const LocatedValue& grid, std::vector<Axis>& axes, Problems& problems) {
  for (const LocatedValue::Entry& entry : expect_map(grid, "sweep.grid", problems)) {
    const auto assignment = make_axis_assignment(entry, problems);
    const std::vector<LocatedValue> values = axis_values(entry, problems);
    if (!assignment || values.empty()) continue;
    Axis axis;
    for (const LocatedValue& value : values) {
      axis.choices.push_back({*assignment});
      axis.choices.back().front().value = value;
    }
    axes.push_back(std::move(axis));
  }
}

void read_zip(const LocatedValue& group, std::vector<Axis>& axes, Problems& problems) {
  Axis axis;
  const LocatedValue::Entry* first = nullptr;
  for (const LocatedValue::Entry& entry : expect_map(group, "sweep.zip", problems)) {
    const auto assignment = make_axis_assignment(entry, problems);
    const std::vector<LocatedValue> values = axis_values(entry, problems);
    if (!assignment || values.empty()) continue;
    if (first == nullptr) {
      first = &entry;
      axis.choices.resize(values.size());
    }
    if (values.size() != axis.choices.size()) {
      problems.push_back({entry.value.place,
                          fmt::format("zip needs lists of equal length, but '{}' has {} values and "
                                      "'{}' has {}",
                                      entry.key,
                                      values.size(),
                                      first->key,
                                      axis.choices.size())});
      continue;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      axis.choices[i].push_back(*assignment);
      axis.choices[i].back().value = values[i];
    }
  }
  if (!axis.choices.empty()) axes.push_back(std::move(axis));
}

/// `key` is the whole one, for messages.
std::optional<std::int64_t> read_integer(const LocatedValue& value,
                                         const std::string& key,
                                         const Limits& limits,
                                         Problems& problems) {
  const auto number = value.is_scalar() ? parse_integer(value.text) : std::nullopt;
  if (number && within(*number, limits)) return number;
  problems.push_back(
      {value.place,
       fmt::format(
           "{}: expected {}, found {}", key, expectation("an integer", limits), describe(value))});
  return std::nullopt;
}

void read_random(const LocatedValue& random, std::vector<Axis>& axes, Problems& problems) {
  std::optional<std::int64_t> n;
  std::optional<std::int64_t> seed = 0;
  if (const auto* entry = random.find("n")) {
    n = read_integer(entry->value, "sweep.random.n", kTrialCount, problems);
  } else if (random.is_map()) {
    problems.push_back({random.place, "sweep.random: missing key 'n', the number of draws"});
  }
  if (const auto* entry = random.find("seed")) {
    seed = read_integer(entry->value, "sweep.random.seed", kAtLeastZero, problems);
  }
  const auto keys = static_cast<std::int64_t>(random.entries.size());
  if (n && keys > kMaximumDraws / *n) {
    problems.push_back(
        {random.place,
         fmt::format("sweep.random: {} draws of {} keys; at most {} values are drawn",
                     *n,
                     keys,
                     kMaximumDraws)});
    return;
  }
  Axis axis;
  axis.choices.resize(static_cast<std::size_t>(n.value_or(1)));
  for (const LocatedValue::Entry& entry : expect_map(random, "sweep.random", problems)) {
    if (entry.key == "n" || entry.key == "seed") continue;
    const auto assignment = make_axis_assignment(entry, problems);
    const auto values = random_values(entry, n.value_or(1), seed.value_or(0), problems);
    if (!assignment || values.empty()) continue;
    for (std::size_t i = 0; i < values.size(); ++i) {
      axis.choices[i].push_back(*assignment);
      axis.choices[i].back().value = values[i];
    }
  }
  if (!axis.choices.front().empty()) {
    axes.push_back(std::move(axis));
  } else if (n && random.entries.size() == (random.find("seed") == nullptr ? 1 : 2)) {
    problems.push_back({random.place, "sweep.random: no key to draw values of besides 'n'"});
  }
}

void read_list(const LocatedValue& list, std::vector<Choice>& choices, Problems& problems) {
  for (const LocatedValue& item : items_or_itself(list)) {
    Choice choice;
    for (const LocatedValue::Entry& entry : expect_map(item, "sweep.list", problems)) {
      if (auto assignment = make_assignment(entry, problems)) {
        choice.push_back(std::move(*assignment));
      }
    }
    choices.push_back(std::move(choice));
  }
}

void read_seeds(const LocatedValue::Entry& entry, SweepAxes& axes, Problems& problems) {
  std::vector<std::int64_t> seeds;
  if (!entry.value.is_list()) {
    const auto count = read_integer(entry.value, "sweep.seeds", kTrialCount, problems);
    seeds.resize(static_cast<std::size_t>(count.value_or(1)));
    std::iota(seeds.begin(), seeds.end(), 0);
  }
  for (const LocatedValue& item : entry.value.items) {
    const auto seed = read_integer(item, "sweep.seeds", kAtLeastZero, problems);
    seeds.push_back(seed.value_or(0));
  }
  if (seeds.empty()) problems.push_back({entry.value.place, "sweep.seeds: an empty list"});
  axes.seeds = std::move(seeds);
  axes.seeds_place = entry.value.place;
}

void read_on_invalid(const LocatedValue& value, SweepAxes& axes, Problems& problems) {
  axes.skip_invalid = value.text == "skip";
  if (value.text == "skip" || value.text == "refuse") return;
  problems.push_back(
      {value.place,
       fmt::format("sweep.on_invalid: expected refuse or skip, found {}", describe(value))});
}

void report_unknown_key(const LocatedValue::Entry& entry, Problems& problems) {
  static const std::vector<std::string> known{
      "grid", "zip", "list", "random", "exclude", "seeds", "on_invalid"};
  std::string message =
      fmt::format("unknown key '{}' in sweep{}", entry.key, suggestion(entry.key, known));
  if (is_trial_key(entry.key)) message += "; to vary a key of the trial, put it into sweep.grid";
  problems.push_back({entry.key_place, std::move(message)});
}

bool names_dataset(const Choice& choice) {
  return std::ranges::any_of(choice, [](const Assignment& assignment) {
    return assignment.key == "dataset.name" || assignment.key == "dataset";
  });
}

bool sets_root(const Assignment& assignment) {
  return assignment.key == kDatasetRoot;
}

// Together with the names of data sets it may vary: each has its own place.
void refuse_root_axes(std::vector<Axis>& axes, Problems& problems) {
  for (Axis& axis : axes) {
    if (axis.choices.empty() || names_dataset(axis.choices.front())) continue;
    const auto root = std::ranges::find_if(axis.choices.front(), sets_root);
    if (root == axis.choices.front().end()) continue;
    problems.push_back(
        {root->key_place,
         fmt::format("{}; set it under trial:, or for each data set with its name, as in "
                     "dataset: [{{name: cifar10, root: /a}}, {{name: cifar100, root: /b}}]",
                     kRootIsNoAxis)});
    for (Choice& choice : axis.choices) std::erase_if(choice, sets_root);  // said once
  }
}

}  // namespace

SweepAxes read_sweep_axes(const LocatedValue& section, Problems& problems) {
  SweepAxes axes;
  for (const LocatedValue::Entry& entry : expect_map(section, "sweep", problems)) {
    const LocatedValue& value = entry.value;
    if (entry.key == "grid") {
      read_grid(value, axes.product, problems);
    } else if (entry.key == "zip") {
      for (const LocatedValue& group : items_or_itself(value)) {
        read_zip(group, axes.product, problems);
      }
    } else if (entry.key == "random") {
      read_random(value, axes.product, problems);
    } else if (entry.key == "list") {
      read_list(value, axes.list, problems);
    } else if (entry.key == "exclude") {
      axes.exclusions = read_exclusions(value, problems);
    } else if (entry.key == "seeds") {
      read_seeds(entry, axes, problems);
    } else if (entry.key == "on_invalid") {
      read_on_invalid(value, axes, problems);
    } else {
      report_unknown_key(entry, problems);
    }
  }
  for (Axis& axis : axes.product) {
    for (Choice& choice : axis.choices) rename_old_keys(choice, problems);
  }
  for (Choice& choice : axes.list) rename_old_keys(choice, problems);
  refuse_root_axes(axes.product, problems);
  return axes;
}

void rename_old_keys(Choice& choice, Problems& problems) {
  LocatedValue together;
  for (const Assignment& assignment : choice) {
    merge_at(together, assignment.path, assignment.value, assignment.key_place);
  }
  move_renamed_keys(together, problems);  // tells of two values
  for (const RenamedKey& renamed : renamed_keys()) {
    const std::vector<std::string> path = split_key(renamed.key);
    Choice parts;
    for (Assignment& assignment : choice) {
      if (assignment.key == renamed.old_key) {
        assignment.key = renamed.key;
        assignment.path = path;
      }
      if (!renamed.old_key.starts_with(assignment.key + ".")) continue;
      const auto inner = split_key(renamed.old_key.substr(assignment.key.size() + 1));
      const LocatedValue::Entry* found = find_at(assignment.value, inner);
      if (found == nullptr) continue;
      parts.push_back({renamed.key, path, found->key_place, found->value});
      erase_at(assignment.value, inner);
    }
    choice.insert(choice.end(), parts.begin(), parts.end());
  }
}

std::optional<Assignment> make_assignment(const LocatedValue::Entry& entry, Problems& problems) {
  const bool prefixed = entry.key.starts_with("trial.");
  const std::string key = prefixed ? entry.key.substr(6) : entry.key;
  if (is_trial_key(current_key(key)))
    return Assignment{key, split_key(key), entry.key_place, entry.value};
  problems.push_back(
      {entry.key_place,
       fmt::format("unknown key '{}' of a trial{}", entry.key, trial_key_suggestion(key))});
  return std::nullopt;
}

}  // namespace headway
