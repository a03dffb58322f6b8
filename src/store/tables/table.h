#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/sql/results_store.h"

namespace headway {

struct TableRequest {
  /// Dotted keys (or whole sections) to group by; empty: all that vary, `seed` aside, as in a plan.
  std::vector<std::string> by = {};
  /// "split/name", or a bare name for each of `splits`; empty: top1_accuracy. Where several
  /// evaluations recorded one, training's value counts; "calibration:test/ece" is that of the named
  /// evaluation alone.
  std::vector<std::string> metrics = {};
  std::vector<std::string> splits = {"test"};
};

struct TableCell {
  std::optional<double> mean;  // absent: no trial has a value
  std::optional<double> std;   // ddof 1; absent for fewer than two values
  std::int64_t n = 0;          // trials with a value
  std::int64_t missing = 0;    // trials of the group without one: undefined, unfinished or failed
};

struct TableColumn {
  std::string split;
  std::string name;
  std::string evaluation = {};  // "": whichever recorded it
  std::string label() const {
    return (evaluation.empty() ? "" : evaluation + ":") + split + "/" + name;
  }
};

struct TableRow {
  std::vector<std::optional<std::string>> keys;  // absent: the configuration lacks the key
  std::vector<TableCell> cells;                  // one per column
  std::int64_t trials = 0;
};

/// Final results of the trials of the plan, grouped; rows in plan order.
struct Table {
  std::string sweep;
  std::vector<std::string> by;
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
  std::vector<std::string> notes;  // what a reader must know: averaged cells, unfinished trials
};

/// ConfigError with the nearest name for an unknown key or metric.
Table make_table(const ResultsStore& store, const TableRequest& request);

}  // namespace headway
