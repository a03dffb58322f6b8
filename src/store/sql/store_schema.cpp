#include "store/sql/store_schema.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <string>
#include <vector>

namespace headway {
namespace {

// What users query; stable. Times are UTC text, durations seconds.
constexpr const char* kPublicTables[] = {
    // plan_position: place in the sweep's present plan; NULL for a trial that vanished from it.
    R"(CREATE TABLE IF NOT EXISTS trials (
         trial_id TEXT PRIMARY KEY NOT NULL, cell_id TEXT, sweep TEXT, state TEXT NOT NULL,
         failure TEXT, attempts INTEGER NOT NULL, seed INTEGER, config TEXT, started_at TEXT,
         finished_at TEXT, duration_s REAL, world_size INTEGER, device TEXT, host TEXT,
         headway_version TEXT, git_revision TEXT, torch_version TEXT, weights_sha256 TEXT,
         state_sha256 TEXT, metrics_sha256 TEXT, class_vectors_sha256 TEXT,
         threads_per_rank INTEGER, precision TEXT, message TEXT, plan_position INTEGER))",
    R"(CREATE INDEX IF NOT EXISTS trials_by_plan ON trials (plan_position))",
    R"(CREATE INDEX IF NOT EXISTS trials_by_cell ON trials (cell_id))",
    R"(CREATE TABLE IF NOT EXISTS parameters (
         trial_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT,
         PRIMARY KEY (key, trial_id)) WITHOUT ROWID)",
    R"(CREATE TABLE IF NOT EXISTS metrics (
         trial_id TEXT NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL,
         step INTEGER NOT NULL, split TEXT NOT NULL, name TEXT NOT NULL, value REAL,
         PRIMARY KEY (trial_id, attempt, epoch, step, split, name)) WITHOUT ROWID)",
    R"(CREATE TABLE IF NOT EXISTS results (
         trial_id TEXT NOT NULL, split TEXT NOT NULL, name TEXT NOT NULL, value REAL,
         missing_reason TEXT, PRIMARY KEY (trial_id, split, name)) WITHOUT ROWID)",
    R"(CREATE INDEX IF NOT EXISTS results_by_name ON results (name, split, trial_id, value))",
    R"(CREATE TABLE IF NOT EXISTS attempts (
         trial_id TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, failure TEXT,
         message TEXT, exit_code INTEGER, worker_group TEXT, host TEXT, device TEXT,
         world_size INTEGER, threads_per_rank INTEGER, precision TEXT, resumed_from_step INTEGER,
         epoch INTEGER, step INTEGER, started_at TEXT, finished_at TEXT, finished_by TEXT,
         duration_s REAL, headway_version TEXT, git_revision TEXT, torch_version TEXT,
         weights_sha256 TEXT, state_sha256 TEXT, metrics_sha256 TEXT, class_vectors_sha256 TEXT,
         PRIMARY KEY (trial_id, attempt)) WITHOUT ROWID)",
    // Two passes (mean first): the difference of large squares would lose digits.
    R"(CREATE VIEW IF NOT EXISTS cells AS
         WITH planned AS (
           SELECT cell_id, count(*) AS trials FROM trials
           WHERE plan_position IS NOT NULL GROUP BY cell_id),
         present AS (
           SELECT t.cell_id AS cell_id, r.split AS split, r.name AS name, r.value AS value
           FROM results r JOIN trials t ON t.trial_id = r.trial_id
           WHERE t.plan_position IS NOT NULL),
         centre AS (
           SELECT cell_id, split, name, avg(value) AS mean FROM present
           GROUP BY cell_id, split, name)
         SELECT p.cell_id AS cell_id, p.split AS split, p.name AS name, count(p.value) AS n,
                c.mean AS mean,
                CASE WHEN count(p.value) > 1
                     THEN sqrt(sum((p.value - c.mean) * (p.value - c.mean)) / (count(p.value) - 1))
                END AS std,
                min(p.value) AS min, max(p.value) AS max,
                planned.trials - count(p.value) AS n_missing
         FROM present p
         JOIN centre c ON c.cell_id = p.cell_id AND c.split = p.split AND c.name = p.name
         JOIN planned ON planned.cell_id = p.cell_id
         GROUP BY p.cell_id, p.split, p.name)",
};

// What sync needs to go on where it left off.
constexpr const char* kInternalTables[] = {
    R"(CREATE TABLE IF NOT EXISTS store_state (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL))",
    R"(CREATE TABLE IF NOT EXISTS store_segments (
         segment TEXT PRIMARY KEY NOT NULL, read_to INTEGER NOT NULL, size INTEGER NOT NULL,
         modified_ns INTEGER NOT NULL, writer TEXT NOT NULL))",
    R"(CREATE TABLE IF NOT EXISTS store_damage (
         segment TEXT NOT NULL, start INTEGER NOT NULL, bytes INTEGER NOT NULL,
         is_torn_tail INTEGER NOT NULL, reason TEXT NOT NULL))",
    R"(CREATE TABLE IF NOT EXISTS store_requests (
         trial_id TEXT NOT NULL, kind TEXT NOT NULL, at TEXT NOT NULL, through_attempt INTEGER,
         PRIMARY KEY (trial_id, kind)) WITHOUT ROWID)",
};

constexpr const char* kTables[] = {"trials",
                                   "parameters",
                                   "metrics",
                                   "results",
                                   "attempts",
                                   "store_state",
                                   "store_segments",
                                   "store_damage",
                                   "store_requests"};

}  // namespace

void create_schema(soci::session& sql) {
  for (const char* statement : kPublicTables) sql << statement;
  for (const char* statement : kInternalTables) sql << statement;
  sql << fmt::format("PRAGMA user_version = {}", kSchemaVersion);
}

void drop_schema(soci::session& sql) {
  sql << "DROP VIEW IF EXISTS cells";
  for (const char* table : kTables) sql << fmt::format("DROP TABLE IF EXISTS {}", table);
  sql << "PRAGMA user_version = 0";
}

int schema_version(soci::session& sql) {
  int version = 0;
  sql << "PRAGMA user_version", soci::into(version);
  return version;
}

}  // namespace headway
