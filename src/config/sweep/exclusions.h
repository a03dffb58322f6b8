#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/yaml/located_value.h"
#include "config/yaml/problems.h"

namespace headway {

/// One entry of `exclude`: a trial matches when every key has one of its values.
struct Exclusion {
  struct Condition {
    std::vector<std::string> path;
    std::unordered_multimap<std::string, LocatedValue> values;  // by a text that equal ones share
  };
  Place place;
  std::vector<Condition> conditions;
};

std::vector<Exclusion> read_exclusions(const LocatedValue& list, Problems& problems);

/// `trial` as canonical JSON. A key that the trial does not have matches null only.
bool matches(const Exclusion& exclusion, const nlohmann::json& trial);

/// The entries of `exclude`, looked up by the values of a trial rather than tried one by one: a
/// sweep may have thousands of them, and a hundred thousand trials.
class ExclusionTable {
 public:
  /// `entries` must outlive the table.
  explicit ExclusionTable(const std::vector<Exclusion>& entries);

  /// Those of `seeds` with which no entry matches; `cell` as canonical JSON, with any seed.
  std::vector<std::int64_t> kept_seeds(const nlohmann::json& cell,
                                       const std::vector<std::int64_t>& seeds);
  /// Where the entries stand that have matched nothing so far.
  std::vector<Place> unused() const;

 private:
  using Positions = std::vector<std::size_t>;  // in entries_
  using ByValue = std::unordered_map<std::string, Positions>;

  void add(std::size_t position, const Exclusion::Condition& condition);
  Positions found_by_cell(const nlohmann::json& cell) const;
  bool excludes(std::size_t position, const nlohmann::json& trial, bool is_excluded);

  const std::vector<Exclusion>& entries_;
  std::vector<bool> used_;
  Positions unconditional_;
  // Each of the others stands under the values of one of its conditions.
  ByValue by_seed_;
  std::map<std::vector<std::string>, ByValue> by_path_;
};

}  // namespace headway
