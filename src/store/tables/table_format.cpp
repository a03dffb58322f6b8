#include "store/tables/table_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "store/tables/csv.h"
#include "store/tables/table_markup.h"

namespace headway {
namespace {

constexpr int kDecimalsWithoutStd = 4;
constexpr int kMostDecimals = 9;

std::string fixed_or_short(double value, int decimals) {
  const double size = std::abs(value);
  const bool is_small = value != 0 && size < std::pow(10.0, -decimals);
  if (size >= 1e7 || is_small) return fmt::format("{:.3g}", value);
  return fmt::format("{:.{}f}", value, decimals);
}

// Decimals that show a standard deviation to two significant digits.
int decimals_of(double std) {
  if (!(std > 0) || !std::isfinite(std)) return kDecimalsWithoutStd;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(std))), 0, kMostDecimals);
}

std::string csv_number(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string csv_table(const Table& table) {
  std::string text;
  const auto add = [&text](const std::string& field, bool first) {
    if (!first) text += ',';
    text += csv_field(field);
  };
  for (const std::string& key : table.by) add(key, text.empty());
  for (const TableColumn& column : table.columns) {
    for (const char* part : {"mean", "std", "n", "missing"}) {
      add(column.label() + "_" + part, text.empty());
    }
  }
  text += '\n';
  for (const TableRow& row : table.rows) {
    bool first = true;
    for (const auto& key : row.keys) add(key.value_or(""), std::exchange(first, false));
    for (const TableCell& cell : row.cells) {
      add(csv_number(cell.mean), std::exchange(first, false));
      add(csv_number(cell.std), false);
      add(std::to_string(cell.n), false);
      add(std::to_string(cell.missing), false);
    }
    text += '\n';
  }
  return text;
}

nlohmann::json number_or_null(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

std::string json_table(const Table& table) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const TableRow& row : table.rows) {
    nlohmann::ordered_json keys = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < table.by.size(); ++i) {
      keys[table.by[i]] = row.keys[i] ? nlohmann::json(*row.keys[i]) : nlohmann::json();
    }
    nlohmann::ordered_json metrics = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const TableCell& cell = row.cells[i];
      metrics[table.columns[i].label()] = {{"mean", number_or_null(cell.mean)},
                                           {"std", number_or_null(cell.std)},
                                           {"n", cell.n},
                                           {"missing", cell.missing}};
    }
    rows.push_back({{"keys", keys}, {"trials", row.trials}, {"metrics", metrics}});
  }
  const nlohmann::ordered_json json = {
      {"sweep", table.sweep}, {"by", table.by}, {"rows", rows}, {"notes", table.notes}};
  return json.dump(2) + "\n";
}

}  // namespace

TableFormat table_format_from_string(const std::string& name) {
  static const std::vector<std::pair<std::string, TableFormat>> kNames{
      {"text", TableFormat::kText},
      {"markdown", TableFormat::kMarkdown},
      {"md", TableFormat::kMarkdown},
      {"csv", TableFormat::kCsv},
      {"latex", TableFormat::kLatex},
      {"tex", TableFormat::kLatex},
      {"html", TableFormat::kHtml},
      {"json", TableFormat::kJson}};
  std::vector<std::string> known;
  for (const auto& [one, format] : kNames) {
    if (one == name) return format;
    known.push_back(one);
  }
  throw ConfigError(fmt::format("unknown table format '{}'{}", name, suggestion(name, known)));
}

RoundedCell round_cell(const TableCell& cell) {
  if (!cell.mean) return {"-", ""};
  if (!cell.std) return {fixed_or_short(*cell.mean, kDecimalsWithoutStd), ""};
  const int decimals = decimals_of(*cell.std);
  return {fmt::format("{:.{}f}", *cell.mean, decimals),
          fmt::format("{:.{}f}", *cell.std, decimals)};
}

std::string format_table(const Table& table, TableFormat format) {
  switch (format) {
    case TableFormat::kText:
      return text_table(table);
    case TableFormat::kMarkdown:
      return markdown_table(table);
    case TableFormat::kCsv:
      return csv_table(table);
    case TableFormat::kLatex:
      return latex_table(table);
    case TableFormat::kHtml:
      return html_table(table);
    case TableFormat::kJson:
      return json_table(table);
  }
  throw std::logic_error("table format without a renderer");
}

}  // namespace headway
