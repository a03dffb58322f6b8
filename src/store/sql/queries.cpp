#include "store/sql/queries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <soci/soci.h>

#include <algorithm>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "store/sql/plan_sync.h"
#include "store/sql/sql_record.h"

namespace headway {
namespace {

constexpr std::size_t kShownCandidates = 5;

// GLOB's special characters cannot stand in an id, so such a text matches none.
std::vector<std::string> trials_that_begin_with(soci::session& sql, const std::string& text) {
  std::vector<std::string> ids;
  const std::string pattern = text + "*";
  std::string id;
  soci::statement statement =
      (sql.prepare << "SELECT trial_id FROM trials WHERE trial_id GLOB :pattern ORDER BY trial_id",
       soci::use(pattern),
       soci::into(id));
  statement.execute();
  while (statement.fetch()) ids.push_back(id);
  return ids;
}

[[noreturn]] void throw_ambiguous(const std::string& text, std::vector<std::string> ids) {
  const std::size_t count = ids.size();
  ids.resize(std::min(count, kShownCandidates));
  throw ConfigError(fmt::format("trial '{}' is ambiguous: {} trials begin with it: {}{}",
                                text,
                                count,
                                fmt::join(ids, ", "),
                                count > kShownCandidates ? ", ..." : ""));
}

[[noreturn]] void throw_unknown(soci::session& sql, const std::string& text) {
  // The list of all trials would help nobody: only a slip of the hand is answered.
  const auto near = nearest_name(text, trials_that_begin_with(sql, ""));
  throw ConfigError(near
                        ? fmt::format("no trial '{}'; did you mean '{}'?", text, *near)
                        : fmt::format("no trial '{}'; 'headway status --trials' lists them", text));
}

}  // namespace

std::vector<TrialRow> list_trials(const ResultsStore& store, const TrialFilter& filter) {
  std::vector<TrialRow> rows;
  const auto wanted = [&](const TrialRow& row) {
    return filter.states.empty() ||
           std::any_of(filter.states.begin(), filter.states.end(), [&](TrialState state) {
             return to_string(state) == row.state;
           });
  };
  store.query([&](soci::session& sql) {
    const std::string where = filter.include_vanished ? "" : " WHERE plan_position IS NOT NULL";
    SqlReader<TrialRow> reader(
        sql, "trials" + where + " ORDER BY plan_position IS NULL, plan_position, trial_id");
    reader.each("", [&](const TrialRow& row) {
      if (wanted(row)) rows.push_back(row);
    });
  });
  return rows;
}

std::string find_trial(const ResultsStore& store, const std::string& text) {
  std::string found;
  store.query([&](soci::session& sql) {
    const auto ids = trials_that_begin_with(sql, text);
    if (text.empty() || ids.empty()) throw_unknown(sql, text);
    if (ids.size() > 1) throw_ambiguous(text, ids);
    found = ids.front();
  });
  return found;
}

TrialDetails trial_details(const ResultsStore& store, const std::string& trial_id) {
  const std::string id = find_trial(store, trial_id);
  TrialDetails details;
  store.query([&](soci::session& sql) {
    SqlReader<TrialRow>(sql, "trials WHERE trial_id = :key").each(id, [&](const TrialRow& row) {
      details.trial = row;
    });
    SqlReader<AttemptRecord>(sql, "attempts WHERE trial_id = :key ORDER BY attempt")
        .each(id, [&](const AttemptRecord& attempt) { details.attempts.push_back(attempt); });
    SqlReader<ResultRow>(sql, "results WHERE trial_id = :key ORDER BY split, name")
        .each(id, [&](const ResultRow& row) { details.results.push_back(row); });
  });
  return details;
}

std::vector<MetricRow> trial_metrics(const ResultsStore& store, const std::string& trial_id) {
  const std::string id = find_trial(store, trial_id);
  std::vector<MetricRow> rows;
  store.query([&](soci::session& sql) {
    SqlReader<MetricRow>(sql, "metrics WHERE trial_id = :key ORDER BY epoch, step, split, name")
        .each(id, [&](const MetricRow& row) { rows.push_back(row); });
  });
  return rows;
}

SweepSummary sweep_summary(const ResultsStore& store) {
  SweepSummary summary;
  for (const TrialState state : {TrialState::kPending,
                                 TrialState::kRunning,
                                 TrialState::kDone,
                                 TrialState::kFailed,
                                 TrialState::kCancelled}) {
    summary.trials[state] = 0;
  }
  store.query([&](soci::session& sql) {
    summary.sweep = store_state(sql, "sweep");
    std::string state;
    std::string failure;
    soci::indicator has_failure = soci::i_null;
    long long count = 0;
    double seconds = 0;
    soci::statement groups =
        (sql.prepare << "SELECT state, failure, count(*), total(duration_s) FROM trials "
                        "WHERE plan_position IS NOT NULL GROUP BY state, failure",
         soci::into(state),
         soci::into(failure, has_failure),
         soci::into(count),
         soci::into(seconds));
    groups.execute();
    while (groups.fetch()) {
      summary.trials[trial_state_from_string(state)] += count;
      summary.total += count;
      summary.busy_seconds += seconds;
      if (has_failure == soci::i_ok) summary.failures[failure] += count;
    }
    sql << "SELECT count(*) FROM trials WHERE plan_position IS NULL", soci::into(count);
    summary.vanished = count;
  });
  return summary;
}

}  // namespace headway
