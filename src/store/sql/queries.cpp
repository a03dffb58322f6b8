#include "store/sql/queries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <soci/soci.h>

#include <algorithm>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "store/manifest/sweep_manifest.h"
#include "store/sql/sql_record.h"

namespace headway {
namespace {

constexpr std::size_t kShownCandidates = 5;

// "g" follows every digit of an id.
std::vector<std::string> trials_that_begin_with(soci::session& sql,
                                                const std::string& sweep,
                                                const std::string& text) {
  std::vector<std::string> ids;
  const std::string end = text + "g";
  std::string id;
  soci::statement statement =
      (sql.prepare << "SELECT trial_id FROM trials WHERE sweep = :sweep AND trial_id >= :text "
                      "AND trial_id < :end ORDER BY trial_id",
       soci::use(sweep),
       soci::use(text),
       soci::use(end),
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

[[noreturn]] void throw_unknown(soci::session& sql,
                                const std::string& sweep,
                                const std::string& text) {
  // The list of all trials would help nobody: only a slip of the hand is answered.
  const auto near = nearest_name(text, trials_that_begin_with(sql, sweep, ""));
  throw ConfigError(
      near ? fmt::format("no trial '{}'; did you mean '{}'?", text, *near)
           : fmt::format("no trial '{}'; 'headway export trials {}' lists them", text, sweep));
}

}  // namespace

void expect_own_configuration(const TrialRow& trial, const ResultsStore& store) {
  if (trial.config.empty()) return;  // of records without a plan
  try {
    PlannedTrial{
        TrialId(trial.trial_id), CellId(trial.cell_id), trial.seed.value_or(0), trial.config}
        .config();
  } catch (const std::runtime_error&) {
    throw StoreError(
        fmt::format("{}: the configuration of trial {} does not fit its ids: it was changed by "
                    "hand; 'headway fsck {} --rebuild' builds the store anew",
                    store.place(),
                    trial.trial_id,
                    store.sweep_directory().string()));
  }
}

std::string find_trial(const ResultsStore& store, const std::string& text) {
  std::string found;
  store.query([&](soci::session& sql) {
    const auto ids = trials_that_begin_with(sql, store.sweep(), text);
    if (text.empty() || ids.empty()) throw_unknown(sql, store.sweep(), text);
    if (ids.size() > 1) throw_ambiguous(text, ids);
    found = ids.front();
  });
  return found;
}

TrialDetails trial_details(const ResultsStore& store, const std::string& trial_id) {
  const std::string id = find_trial(store, trial_id);
  TrialDetails details;
  store.query([&](soci::session& sql) {
    const std::vector<std::string> key{store.sweep(), id};
    const std::string of_trial = kOfTrial;
    SqlReader<TrialRow>(sql, of_trial, 2).each(key, [&](const TrialRow& row) {
      details.trial = row;
    });
    SqlReader<OfTrial<AttemptRecord>>(sql, of_trial + "ORDER BY attempt", 2)
        .each(key, [&](const auto& row) { details.attempts.push_back(row.record); });
    SqlReader<OfTrial<ResultRow>>(sql, of_trial + "ORDER BY evaluation, split, name", 2)
        .each(key, [&](const auto& row) { details.results.push_back(row.record); });
  });
  expect_own_configuration(details.trial, store);
  std::stable_partition(details.results.begin(), details.results.end(), [](const ResultRow& row) {
    return row.evaluation == kTrainingEvaluation;
  });
  return details;
}

std::vector<MetricRow> trial_metrics(const ResultsStore& store, const std::string& trial_id) {
  const std::string id = find_trial(store, trial_id);
  std::vector<MetricRow> rows;
  store.query([&](soci::session& sql) {
    SqlReader<OfTrial<MetricRow>>(
        sql, std::string(kOfTrial) + "ORDER BY epoch, step, split, name", 2)
        .each({store.sweep(), id}, [&](const auto& row) { rows.push_back(row.record); });
  });
  return rows;
}

}  // namespace headway
