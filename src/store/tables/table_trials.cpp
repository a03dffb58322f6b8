#include "store/tables/table_trials.h"

#include <soci/soci.h>

#include <cmath>

namespace headway {

TableTrials::TableTrials(soci::session& sql) : sql_(sql) {
  std::string id;
  Row row;
  soci::statement statement =
      (sql.prepare << "SELECT trial_id, cell_id, state FROM trials "
                      "WHERE plan_position IS NOT NULL ORDER BY plan_position",
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
  const std::string section = key + ".";
  const std::string section_end = key + "/";  // '/' follows '.'
  std::string id;
  std::string leaf;
  std::string value;
  soci::statement statement =
      (sql_.prepare << "SELECT trial_id, key, value FROM parameters WHERE key = :key "
                       "OR (key >= :section AND key < :section_end) ORDER BY key",
       soci::use(key),
       soci::use(section),
       soci::use(section_end),
       soci::into(id),
       soci::into(leaf),
       soci::into(value));
  statement.execute();
  while (statement.fetch()) {
    const auto place = places_.find(id);
    if (place == places_.end()) continue;  // vanished from the plan
    auto& target = result[place->second];
    const bool is_leaf = leaf == key;
    const std::string part = is_leaf ? value : leaf.substr(section.size()) + "=" + value;
    target = target ? *target + " " + part : part;
  }
  return result;
}

std::vector<double> TableTrials::results(const TableColumn& column) const {
  std::vector<double> result(rows_.size(), std::nan(""));
  std::string id;
  double value = 0;
  soci::statement statement =
      (sql_.prepare << "SELECT trial_id, value FROM results "
                       "WHERE name = :name AND split = :split AND value IS NOT NULL",
       soci::use(column.name),
       soci::use(column.split),
       soci::into(id),
       soci::into(value));
  statement.execute();
  while (statement.fetch()) {
    const auto place = places_.find(id);
    if (place != places_.end()) result[place->second] = value;
  }
  return result;
}

std::map<std::string, std::int64_t> TableTrials::missing_reasons(const TableColumn& column) const {
  std::map<std::string, std::int64_t> reasons;
  std::string reason;
  long long count = 0;
  soci::statement statement =
      (sql_.prepare << "SELECT coalesce(r.missing_reason, 'no reason recorded'), count(*) "
                       "FROM results r JOIN trials t ON t.trial_id = r.trial_id "
                       "WHERE r.name = :name AND r.split = :split AND r.value IS NULL "
                       "AND t.plan_position IS NOT NULL GROUP BY 1",
       soci::use(column.name),
       soci::use(column.split),
       soci::into(reason),
       soci::into(count));
  statement.execute();
  while (statement.fetch()) reasons[reason] = count;
  return reasons;
}

std::vector<std::string> TableTrials::texts(const std::string& query) const {
  std::vector<std::string> result;
  std::string text;
  soci::statement statement = (sql_.prepare << query, soci::into(text));
  statement.execute();
  while (statement.fetch()) result.push_back(text);
  return result;
}

// These two jump from name to name along an index instead of reading every row.
std::vector<std::string> TableTrials::known_keys() const {
  return texts(
      "WITH RECURSIVE known(name) AS (SELECT min(key) FROM parameters UNION ALL "
      "SELECT (SELECT min(p.key) FROM parameters p WHERE p.key > known.name) FROM known "
      "WHERE name IS NOT NULL) SELECT name FROM known WHERE name IS NOT NULL");
}

std::vector<std::string> TableTrials::recorded_metrics() const {
  return texts(
      "WITH RECURSIVE known(name) AS (SELECT min(name) FROM results UNION ALL "
      "SELECT (SELECT min(r.name) FROM results r WHERE r.name > known.name) FROM known "
      "WHERE name IS NOT NULL) SELECT name FROM known WHERE name IS NOT NULL");
}

std::vector<std::string> TableTrials::recorded_splits() const {
  return texts("SELECT DISTINCT split FROM results ORDER BY split");
}

}  // namespace headway
