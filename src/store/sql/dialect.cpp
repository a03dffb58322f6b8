#include "store/sql/dialect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace headway {
namespace {

const char* name_of(ColumnType type, const SqlTypeNames& types) {
  switch (type) {
    case ColumnType::kText:
      return types.text;
    case ColumnType::kInteger:
      return types.integer;
    case ColumnType::kNumber:
      break;
  }
  return types.number;
}

}  // namespace

std::string upsert_on_conflict(const SqlTable& table) {
  std::vector<std::string> names;
  std::vector<std::string> values;
  std::vector<std::string> changes;
  for (const SqlColumn& column : table.columns) {
    names.push_back(column.name);
    values.push_back(":" + column.name);
    const bool is_key =
        std::find(table.key.begin(), table.key.end(), column.name) != table.key.end();
    if (!is_key) changes.push_back(fmt::format("{0} = excluded.{0}", column.name));
  }
  return fmt::format(
      "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {}",
      table.name,
      fmt::join(names, ", "),
      fmt::join(values, ", "),
      fmt::join(table.key, ", "),
      changes.empty() ? "NOTHING" : fmt::format("UPDATE SET {}", fmt::join(changes, ", ")));
}

std::string plain_create_table(const SqlTable& table, const SqlTypeNames& types) {
  std::string columns;
  for (const SqlColumn& column : table.columns) {
    columns += fmt::format("{} {}{}, ",
                           column.name,
                           name_of(column.type, types),
                           column.is_required ? " NOT NULL" : "");
  }
  return fmt::format(
      "CREATE TABLE {} ({}PRIMARY KEY ({}))", table.name, columns, fmt::join(table.key, ", "));
}

}  // namespace headway
