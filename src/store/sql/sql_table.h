#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headway {

enum class ColumnType { kText, kInteger, kNumber };

struct SqlColumn {
  std::string name;
  ColumnType type = ColumnType::kText;
  bool is_required = false;  // NOT NULL
  bool is_json = false;      // text that is JSON
};

struct SqlTable {
  std::string name;
  std::vector<SqlColumn> columns;
  std::vector<std::string> key;  // of columns
};

inline ColumnType column_type(const std::string&) {
  return ColumnType::kText;
}
inline ColumnType column_type(const std::optional<std::string>&) {
  return ColumnType::kText;
}
inline ColumnType column_type(std::int64_t) {
  return ColumnType::kInteger;
}
inline ColumnType column_type(const std::optional<std::int64_t>&) {
  return ColumnType::kInteger;
}
inline ColumnType column_type(const std::optional<double>&) {
  return ColumnType::kNumber;
}

/// The table that a row's struct describes: kTable, kKey, and the columns as its `visit` names
/// them. "" and absent values are NULL.
template <typename Row>
SqlTable sql_table() {
  SqlTable table{Row::kTable, {}, {Row::kKey.begin(), Row::kKey.end()}};
  const auto is_key = [&table](const std::string& name) {
    return std::find(table.key.begin(), table.key.end(), name) != table.key.end();
  };
  const auto is_json = [](const std::string& name) {
    if constexpr (requires { Row::kJsonColumns; }) {
      return std::find(Row::kJsonColumns.begin(), Row::kJsonColumns.end(), name) !=
             Row::kJsonColumns.end();
    }
    return false;
  };
  const Row row;
  Row::visit(row, [&](const char* name, const auto& value) {
    const bool is_plain_integer = std::is_same_v<decltype(value), const std::int64_t&>;
    table.columns.push_back(
        {name, column_type(value), is_key(name) || is_plain_integer, is_json(name)});
  });
  return table;
}

}  // namespace headway
