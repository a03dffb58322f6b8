#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/sweep/exclusions.h"
#include "config/yaml/located_value.h"
#include "config/yaml/problems.h"

namespace headway {

/// Of one sweep, seeds included: what fits into memory with room to spare.
inline constexpr std::int64_t kMaximumTrials = 100'000;

/// One key of the trial set to one value by the `sweep:` section or the command line.
struct Assignment {
  std::string key;                // dotted
  std::vector<std::string> path;  // `key`, split
  Place key_place;
  LocatedValue value;
};

/// What is set together.
using Choice = std::vector<Assignment>;

struct Axis {
  std::vector<Choice> choices;
};

/// The `sweep:` section, read but not yet multiplied out.
struct SweepAxes {
  std::vector<Axis> product;      // grid, zip and random: these multiply
  std::vector<Choice> list;       // explicit cells besides their product
  std::vector<Axis> common_axes;  // from the command line: multiply everything
  std::vector<Exclusion> exclusions;
  std::optional<std::vector<std::int64_t>> seeds;
  Place seeds_place;
  bool skip_invalid = false;
};

/// `section` is the value of `sweep:`.
SweepAxes read_sweep_axes(const LocatedValue& section, Problems& problems);

/// Gives what is set under an old key (see trial_reader.h), also within whole sections, its present
/// one. Old and present key with unequal values are a problem.
void rename_old_keys(Choice& choice, Problems& problems);

/// Unknown keys become a problem with the nearest known one. Old keys stay until rename_old_keys.
std::optional<Assignment> make_assignment(const LocatedValue::Entry& entry, Problems& problems);

// Where the files of a data set lie. Trials that differ in nothing else are the same trial.
inline constexpr const char* kDatasetRoot = "dataset.root";
inline constexpr const char* kRootIsNoAxis =
    "dataset.root is no axis: where files lie is no part of a trial's identity, so one data set "
    "has "
    "one root in a sweep";

/// The values of one `random` key: {uniform: [a, b]}, {log_uniform: [a, b]}, {integer: [a, b]} or
/// {choice: [...]}. The i-th draw depends on (seed, key, i) alone, so a larger n keeps the earlier
/// ones. Reals are rounded to 6 digits: the last bits of exp and log differ between machines, and
/// ids must not.
std::vector<LocatedValue> random_values(const LocatedValue::Entry& entry,
                                        std::int64_t n,
                                        std::int64_t seed,
                                        Problems& problems);

}  // namespace headway
