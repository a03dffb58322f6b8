#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/tables/table.h"

namespace soci {
class session;
}

namespace headway {

/// The trials of the plan, in its order, and what a table asks of them.
class TableTrials {
 public:
  struct Row {
    std::string cell_id;
    std::string state;
  };

  explicit TableTrials(soci::session& sql);

  const std::vector<Row>& rows() const { return rows_; }
  /// One value per trial; nothing where the configuration lacks the key. A section ("augmentation")
  /// reads as "key=value" of its leaves.
  std::vector<std::optional<std::string>> values(const std::string& key) const;
  /// One value per trial, NaN where there is none.
  std::vector<double> results(const TableColumn& column) const;
  /// Why finished trials have no value: reason -> trials.
  std::map<std::string, std::int64_t> missing_reasons(const TableColumn& column) const;

  // What the store knows, whether of the plan or not; sorted.
  std::vector<std::string> known_keys() const;
  std::vector<std::string> recorded_metrics() const;
  std::vector<std::string> recorded_splits() const;

 private:
  std::vector<std::string> texts(const std::string& query) const;

  soci::session& sql_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::size_t> places_;  // trial_id -> index of rows_
};

}  // namespace headway
