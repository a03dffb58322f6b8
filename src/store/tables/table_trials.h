#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/tables/table.h"

namespace soci {
class session;
}

namespace headway {

/// A metric of the trials of the plan.
struct ColumnValues {
  std::vector<double> values;                           // one per trial, NaN where there is none
  std::map<std::string, std::int64_t> missing_reasons;  // of finished trials: reason -> trials
  // Who recorded the values: (evaluation, trials), training first.
  std::vector<std::pair<std::string, std::int64_t>> evaluations;
};

/// The trials of the plan, in its order, and what a table asks of them.
class TableTrials {
 public:
  struct Row {
    std::string cell_id;
    std::string state;
  };

  TableTrials(soci::session& sql, std::string sweep);

  const std::vector<Row>& rows() const { return rows_; }
  /// One value per trial; nothing where the configuration lacks the key. A list reads as in a plan
  /// ("crop(padding=4)+flip"), a section ("head") as "key=value" of its leaves.
  std::vector<std::optional<std::string>> values(const std::string& key) const;
  ColumnValues results(const TableColumn& column) const;

  // What the store knows, whether of the plan or not; sorted.
  std::vector<std::string> known_keys() const;
  std::vector<std::string> recorded_metrics() const;
  std::vector<std::string> recorded_splits() const;
  std::vector<std::string> recorded_evaluations() const;

 private:
  std::vector<std::string> texts(const std::string& query) const;

  soci::session& sql_;
  std::string sweep_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> places_;  // trial_id -> index of rows_
};

}  // namespace headway
