#include "store/sql/store_schema.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <vector>

#include "store/sql/rows.h"

namespace headway {
namespace {

constexpr const char* kIndexes[] = {
    "CREATE INDEX trials_by_plan ON trials (sweep, plan_position)",
    "CREATE INDEX trials_by_cell ON trials (sweep, cell_id)",
    ("CREATE INDEX results_by_name ON results "
     "(sweep, name, split, trial_id, evaluation, value, missing_reason)"),
};

// Every value over the seeds of a cell. Two passes (mean first): the difference of large squares
// would lose digits. Equal values are their own mean, which a sum would round.
constexpr const char* kCellsView = R"(CREATE VIEW cells AS
  WITH planned AS (
    SELECT sweep, cell_id, count(*) AS trials FROM trials
    WHERE plan_position IS NOT NULL GROUP BY sweep, cell_id),
  present AS (
    SELECT t.sweep AS sweep, t.cell_id AS cell_id, r.evaluation AS evaluation, r.split AS split,
           r.name AS name, r.value AS value
    FROM results r JOIN trials t ON t.sweep = r.sweep AND t.trial_id = r.trial_id
    WHERE t.plan_position IS NOT NULL),
  centre AS (
    SELECT sweep, cell_id, evaluation, split, name, avg(value) AS mean FROM present
    GROUP BY sweep, cell_id, evaluation, split, name)
  SELECT p.cell_id AS cell_id, p.split AS split, p.name AS name, count(p.value) AS n,
         CASE WHEN min(p.value) = max(p.value) THEN min(p.value) ELSE c.mean END AS mean,
         CASE WHEN count(p.value) > 1 AND min(p.value) = max(p.value) THEN 0.0
              WHEN count(p.value) > 1
              THEN sqrt(sum((p.value - c.mean) * (p.value - c.mean)) / (count(p.value) - 1))
         END AS std,
         min(p.value) AS min, max(p.value) AS max,
         planned.trials - count(p.value) AS n_missing,
         p.evaluation AS evaluation, p.sweep AS sweep
  FROM present p
  JOIN centre c ON c.sweep = p.sweep AND c.cell_id = p.cell_id AND c.evaluation = p.evaluation
               AND c.split = p.split AND c.name = p.name
  JOIN planned ON planned.sweep = p.sweep AND planned.cell_id = p.cell_id
  GROUP BY p.sweep, p.cell_id, p.evaluation, p.split, p.name, c.mean, planned.trials)";

std::vector<SqlTable> all_tables() {
  std::vector<SqlTable> tables = PublicRows::tables();
  for (SqlTable& table : InternalRows::tables()) tables.push_back(std::move(table));
  return tables;
}

}  // namespace

void create_schema(soci::session& sql, const SqlDialect& dialect) {
  if (dialect.schema_version(sql) == kSchemaVersion) return;
  for (const SqlTable& table : all_tables()) sql << dialect.create_table(table);
  for (const char* index : kIndexes) sql << index;
  sql << kCellsView;
  dialect.set_schema_version(sql, kSchemaVersion);
}

void drop_schema(soci::session& sql, const SqlDialect& dialect) {
  sql << "DROP VIEW IF EXISTS cells";
  for (const SqlTable& table : all_tables()) sql << "DROP TABLE IF EXISTS " + table.name;
  dialect.set_schema_version(sql, 0);
}

void erase_sweep(soci::session& sql, const std::string& sweep) {
  for (const SqlTable& table : all_tables()) {
    sql << fmt::format("DELETE FROM {} WHERE sweep = :sweep", table.name), soci::use(sweep);
  }
}

}  // namespace headway
