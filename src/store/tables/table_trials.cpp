#include "store/tables/table_trials.h"

#include <soci/soci.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/json.h"
#include "config/schema/leaves.h"
#include "store/sql/rows.h"

namespace headway {
namespace {

// A parameter's text as people read it: lists and numbers are stored as JSON.
std::string shown(const std::string& value) {
  if (value.empty() || std::string_view("[-0123456789").find(value.front()) == std::string::npos) {
    return value;
  }
  try {
    return value_text(parse_json(value));
  } catch (const nlohmann::json::exception&) {
    return value;
  }
}

// One row of `results`.
struct Recorded {
  std::string trial_id;
  std::string evaluation;
  std::optional<double> value;
  std::string missing_reason;

  bool is_training() const { return evaluation == kTrainingEvaluation; }
  // Smaller goes first: a value before none, training before others, these by name.
  auto rank() const { return std::make_tuple(!value, !is_training(), evaluation); }
};

std::vector<Recorded> recorded(soci::session& sql,
                               const std::string& sweep,
                               const TableColumn& column) {
  std::vector<Recorded> rows;
  Recorded row;
  double value = 0;
  soci::indicator has_value = soci::i_null;
  soci::indicator has_reason = soci::i_null;
  soci::statement statement =
      (sql.prepare << "SELECT trial_id, evaluation, value, missing_reason FROM results "
                      "WHERE sweep = :sweep AND name = :name AND split = :split",
       soci::use(sweep),
       soci::use(column.name),
       soci::use(column.split),
       soci::into(row.trial_id),
       soci::into(row.evaluation),
       soci::into(value, has_value),
       soci::into(row.missing_reason, has_reason));
  statement.execute();
  while (statement.fetch()) {
    row.value = has_value == soci::i_ok ? std::optional(value) : std::nullopt;
    if (has_reason != soci::i_ok) row.missing_reason = "no reason recorded";
    if (column.evaluation.empty() || column.evaluation == row.evaluation) rows.push_back(row);
  }
  return rows;
}

}  // namespace

TableTrials::TableTrials(soci::session& sql, std::string sweep)
    : sql_(sql), sweep_(std::move(sweep)) {
  std::string id;
  Row row;
  soci::statement statement =
      (sql.prepare << "SELECT trial_id, cell_id, state FROM trials "
                      "WHERE sweep = :sweep AND plan_position IS NOT NULL ORDER BY plan_position",
       soci::use(sweep_),
       soci::into(id),
       soci::into(row.cell_id),
       soci::into(row.state));
  statement.execute();
  while (statement.fetch()) {
    places_[id] = rows_.size();
    rows_.push_back(row);
  }
}

std::vector<std::optional<std::string>> TableTrials::values(const std::string& key) const {
  std::vector<std::optional<std::string>> result(rows_.size());
  std::vector<bool> is_leaf(rows_.size(), false);  // parts of a list stand beside the list itself
  const std::string section = key + ".";
  const std::string section_end = key + "/";  // '/' follows '.'
  std::string id;
  std::string leaf;
  std::string value;
  soci::statement statement =
      (sql_.prepare << "SELECT trial_id, key, value FROM parameters WHERE sweep = :sweep AND "
                       "(key = :key OR (key >= :section AND key < :section_end)) ORDER BY key",
       soci::use(sweep_),
       soci::use(key),
       soci::use(section),
       soci::use(section_end),
       soci::into(id),
       soci::into(leaf),
       soci::into(value));
  statement.execute();
  while (statement.fetch()) {
    const auto found = places_.find(id);
    if (found == places_.end() || is_leaf[found->second]) continue;  // or vanished from the plan
    auto& target = result[found->second];
    is_leaf[found->second] = leaf == key;
    const std::string part =
        leaf == key ? shown(value) : leaf.substr(section.size()) + "=" + shown(value);
    target = target ? *target + " " + part : part;
  }
  return result;
}

ColumnValues TableTrials::results(const TableColumn& column) const {
  std::vector<std::optional<Recorded>> best(rows_.size());
  for (Recorded& row : recorded(sql_, sweep_, column)) {
    const auto found = places_.find(row.trial_id);
    if (found == places_.end()) continue;
    auto& known = best[found->second];
    if (!known || row.rank() < known->rank()) known = std::move(row);
  }
  ColumnValues column_values;
  std::map<std::pair<bool, std::string>, std::int64_t> counts;
  for (const auto& row : best) {
    const bool has_value = row && row->value;
    column_values.values.push_back(has_value ? *row->value : std::nan(""));
    if (has_value) ++counts[{!row->is_training(), row->evaluation}];
    if (row && !has_value) ++column_values.missing_reasons[row->missing_reason];
  }
  for (const auto& [place, count] : counts) {
    column_values.evaluations.emplace_back(place.second, count);
  }
  return column_values;
}

std::vector<std::string> TableTrials::texts(const std::string& query) const {
  std::vector<std::string> result;
  std::string text;
  soci::statement statement = (sql_.prepare << query, soci::use(sweep_, "sweep"), soci::into(text));
  statement.execute();
  while (statement.fetch()) result.push_back(text);
  return result;
}

// These two jump from name to name along an index instead of reading every row.
std::vector<std::string> TableTrials::known_keys() const {
  return texts(
      "WITH RECURSIVE wanted(sweep) AS (SELECT :sweep), known(name) AS ("
      "SELECT min(key) FROM parameters WHERE sweep = (SELECT sweep FROM wanted) UNION ALL "
      "SELECT (SELECT min(p.key) FROM parameters p "
      "WHERE p.sweep = (SELECT sweep FROM wanted) AND p.key > known.name) FROM known "
      "WHERE name IS NOT NULL) SELECT name FROM known WHERE name IS NOT NULL");
}

std::vector<std::string> TableTrials::recorded_metrics() const {
  return texts(
      "WITH RECURSIVE wanted(sweep) AS (SELECT :sweep), known(name) AS ("
      "SELECT min(name) FROM results WHERE sweep = (SELECT sweep FROM wanted) UNION ALL "
      "SELECT (SELECT min(r.name) FROM results r "
      "WHERE r.sweep = (SELECT sweep FROM wanted) AND r.name > known.name) FROM known "
      "WHERE name IS NOT NULL) SELECT name FROM known WHERE name IS NOT NULL");
}

std::vector<std::string> TableTrials::recorded_splits() const {
  return texts("SELECT DISTINCT split FROM results WHERE sweep = :sweep ORDER BY split");
}

std::vector<std::string> TableTrials::recorded_evaluations() const {
  return texts("SELECT DISTINCT evaluation FROM results WHERE sweep = :sweep ORDER BY evaluation");
}

}  // namespace headway
