#include "store/tables/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "config/schema/catalog.h"
#include "store/tables/table_trials.h"

namespace headway {
namespace {

constexpr const char* kDefaultMetric = "top1_accuracy";

// Seeds are what rows average over; dataset.root says where files are, not what was run.
bool is_default_key(const std::string& key) {
  return key != "seed" && key != "dataset.root";
}

void check_key(const std::string& key, const std::vector<std::string>& known) {
  const bool found = std::any_of(known.begin(), known.end(), [&](const std::string& one) {
    return one == key || one.starts_with(key + ".");
  });
  if (!found) {
    throw ConfigError(fmt::format("unknown key '{}' to group by{}", key, suggestion(key, known)));
  }
}

std::vector<std::string> grouping_keys(const TableTrials& trials,
                                       const std::vector<std::string>& varying,
                                       const TableRequest& request) {
  if (!request.by.empty()) {
    const auto known = trials.known_keys();
    for (const std::string& key : request.by) check_key(key, known);
    return request.by;
  }
  std::vector<std::string> keys = varying;
  std::erase_if(keys, [](const std::string& key) { return !is_default_key(key); });
  return keys;
}

std::string checked_metric(const std::string& name, const std::vector<std::string>& recorded) {
  std::string canonical = canonical_metric_name(name);
  std::set<std::string> known(recorded.begin(), recorded.end());
  for (const MetricSpec& metric : metric_catalog()) known.insert(metric.name);
  if (!known.contains(canonical)) {
    throw ConfigError(
        fmt::format("unknown metric '{}'{}", name, suggestion(name, {known.begin(), known.end()})));
  }
  return canonical;
}

// Takes "EVALUATION:" off the front of `metric`; "" when there is none.
std::string take_evaluation(std::string& metric, const TableTrials& trials) {
  const auto colon = metric.find(':');
  if (colon == std::string::npos || colon > metric.find('/')) return "";
  std::string evaluation = metric.substr(0, colon);
  const auto known = trials.recorded_evaluations();
  if (std::find(known.begin(), known.end(), evaluation) == known.end()) {
    throw ConfigError(fmt::format("no results of an evaluation '{}' in '{}'{}",
                                  evaluation,
                                  metric,
                                  suggestion(evaluation, known)));
  }
  metric.erase(0, colon + 1);
  return evaluation;
}

std::vector<TableColumn> table_columns(const TableTrials& trials, const TableRequest& request) {
  const auto recorded = trials.recorded_metrics();
  std::vector<TableColumn> columns;
  auto metrics = request.metrics;
  if (metrics.empty()) metrics.emplace_back(kDefaultMetric);
  for (std::string& metric : metrics) {
    const std::string evaluation = take_evaluation(metric, trials);
    const auto slash = metric.find('/');
    if (slash != std::string::npos) {
      const std::string name = checked_metric(metric.substr(slash + 1), recorded);
      columns.push_back({metric.substr(0, slash), name, evaluation});
      continue;
    }
    const std::string name = checked_metric(metric, recorded);
    for (const std::string& split : request.splits) columns.push_back({split, name, evaluation});
  }
  return columns;
}

/// The root of the mean square over n - 1.
double deviation(const std::vector<double>& differences, double scale = 1) {
  double squares = 0;
  for (const double difference : differences) squares += std::pow(difference / scale, 2);
  return scale * std::sqrt(squares / static_cast<double>(differences.size() - 1));
}

/// Likewise, for the smallest and the largest numbers, too, whose squares are none.
double safe_deviation(const std::vector<double>& differences) {
  const double plain = deviation(differences);
  if (std::isnormal(plain * plain)) return plain;
  double largest = 0;
  for (const double difference : differences) largest = std::max(largest, std::abs(difference));
  return largest == 0 ? 0 : deviation(differences, largest);
}

TableCell statistics(const std::vector<double>& values, const std::vector<std::size_t>& group) {
  TableCell cell;
  std::vector<double> present;
  for (const std::size_t trial : group) {
    if (!std::isnan(values[trial])) present.push_back(values[trial]);
  }
  cell.n = static_cast<std::int64_t>(present.size());
  cell.missing = static_cast<std::int64_t>(group.size()) - cell.n;
  if (cell.n == 0) return cell;
  // Equal values are their own mean, which a sum would round.
  const auto [least, most] = std::ranges::minmax(present);
  // Of numbers near the largest one, the sum is beyond it.
  const long double sum = std::accumulate(present.begin(), present.end(), 0.0L);
  cell.mean = least == most ? least : static_cast<double>(sum / static_cast<long double>(cell.n));
  if (cell.n < 2) return cell;
  for (double& value : present) value -= *cell.mean;
  cell.std = safe_deviation(present);
  return cell;
}

using Groups = std::vector<std::vector<std::size_t>>;

// Fills the rows' keys; groups come in the order of their first trial.
Groups group_trials(const TableTrials& trials, Table& table) {
  std::vector<std::vector<std::optional<std::string>>> columns;
  for (const std::string& key : table.by) columns.push_back(trials.values(key));
  std::map<std::vector<std::optional<std::string>>, std::size_t> places;
  Groups groups;
  for (std::size_t trial = 0; trial < trials.rows().size(); ++trial) {
    std::vector<std::optional<std::string>> keys;
    for (const auto& column : columns) keys.push_back(column[trial]);
    const auto [place, is_new] = places.try_emplace(keys, groups.size());
    if (is_new) {
      groups.emplace_back();
      table.rows.push_back({std::move(keys), {}, 0});
    }
    groups[place->second].push_back(trial);
    ++table.rows[place->second].trials;
  }
  return groups;
}

// A reader takes "mean ± std" for the spread over seeds; where it is not, the table says so.
void note_averaged_cells(const TableTrials& trials,
                         const Groups& groups,
                         const std::vector<std::string>& varying,
                         Table& table) {
  std::size_t most_cells = 1;
  for (const auto& group : groups) {
    std::set<std::string> cells;
    for (const std::size_t trial : group) cells.insert(trials.rows()[trial].cell_id);
    most_cells = std::max(most_cells, cells.size());
  }
  if (most_cells == 1) return;
  std::vector<std::string> differing;
  for (const std::string& key : varying) {
    if (!is_default_key(key)) continue;
    const auto values = trials.values(key);
    const bool differs = std::any_of(groups.begin(), groups.end(), [&](const auto& group) {
      return std::any_of(group.begin(), group.end(), [&](std::size_t trial) {
        return values[trial] != values[group.front()];
      });
    });
    if (differs) differing.push_back(key);
  }
  table.notes.push_back(fmt::format("averages over up to {} cells per row that differ in {}",
                                    most_cells,
                                    fmt::join(differing, ", ")));
}

void note_unfinished_trials(const TableTrials& trials, Table& table) {
  std::map<std::string, std::int64_t> counts;
  std::int64_t total = 0;
  for (const TableTrials::Row& row : trials.rows()) {
    if (row.state == "done") continue;
    ++counts[row.state];
    ++total;
  }
  if (total == 0) return;
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) parts.push_back(fmt::format("{} {}", count, state));
  table.notes.push_back(fmt::format("{} of {} trials are not done and count as missing: {}",
                                    total,
                                    trials.rows().size(),
                                    fmt::join(parts, ", ")));
}

void note_missing_values(const ColumnValues& values, const TableColumn& column, Table& table) {
  for (const auto& [reason, count] : values.missing_reasons) {
    table.notes.push_back(
        fmt::format("{} is missing in {} finished trials: {}", column.label(), count, reason));
  }
}

// One column is meant to be one measurement; where it is not, the table says so.
void note_mixed_evaluations(const ColumnValues& values, const TableColumn& column, Table& table) {
  if (values.evaluations.size() < 2) return;
  std::vector<std::string> parts;
  for (const auto& [evaluation, trials] : values.evaluations) {
    parts.push_back(fmt::format("{} in {} trials", evaluation, trials));
  }
  table.notes.push_back(fmt::format("{} was recorded by {}; {}:{} is that of the last alone",
                                    column.label(),
                                    fmt::join(parts, ", by "),
                                    values.evaluations.back().first,
                                    column.label()));
}

// A split that no trial recorded is a slip of the hand, unless nothing was recorded at all yet.
void check_split(const TableTrials& trials, const TableColumn& column) {
  const auto known = trials.recorded_splits();
  if (known.empty() || std::find(known.begin(), known.end(), column.split) != known.end()) return;
  throw ConfigError(fmt::format("no results of a split '{}' in '{}'{}",
                                column.split,
                                column.label(),
                                suggestion(column.split, known)));
}

void fill_column(const TableTrials& trials,
                 const Groups& groups,
                 const TableColumn& column,
                 Table& table) {
  const ColumnValues values = trials.results(column);
  if (values.evaluations.empty()) check_split(trials, column);
  for (std::size_t row = 0; row < groups.size(); ++row) {
    table.rows[row].cells.push_back(statistics(values.values, groups[row]));
  }
  note_missing_values(values, column, table);
  note_mixed_evaluations(values, column, table);
}

}  // namespace

Table make_table(const ResultsStore& store, const TableRequest& request) {
  Table table;
  store.query([&](soci::session& sql) {
    const TableTrials trials(sql, store.sweep());
    const std::vector<std::string> varying = store.varying_keys();
    table.sweep = store.sweep();
    table.by = grouping_keys(trials, varying, request);
    table.columns = table_columns(trials, request);
    const Groups groups = group_trials(trials, table);
    note_averaged_cells(trials, groups, varying, table);
    note_unfinished_trials(trials, table);
    for (const TableColumn& column : table.columns) fill_column(trials, groups, column, table);
  });
  return table;
}

}  // namespace headway
