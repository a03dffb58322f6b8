#include "store/tables/table_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/errors.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "store/tables/csv.h"
#include "store/tables/table_markup.h"

namespace headway {
namespace {

constexpr int kDecimalsWithoutStd = 4;
constexpr int kDigitsWithoutStd = 3;  // at least so many that count

int exponent_of(double value) {
  return static_cast<int>(std::floor(std::log10(std::abs(value))));
}

// Without the sign of what was rounded to nothing: "0.000" for "-0.000".
std::string without_negative_zero(std::string number) {
  const bool is_zero = number.find_first_of("123456789in") == std::string::npos;  // nor inf, nan
  if (is_zero && number.starts_with('-')) number.erase(0, 1);
  return number;
}

std::string fixed(double value, int decimals) {
  return without_negative_zero(fmt::format("{:.{}f}", value, std::max(decimals, 0)));
}

// With an exponent, up to the place 10^-decimals.
std::string scientific(double value, int decimals) {
  if (value == 0 || std::abs(value) < 0.5 * std::pow(10.0, -decimals)) return "0";
  return fmt::format("{:.{}e}", value, std::max(exponent_of(value) + decimals, 0));
}

std::string alone(double value) {
  if (value == 0 || !std::isfinite(value)) return fixed(value, kDecimalsWithoutStd);
  const int needed = kDigitsWithoutStd - 1 - exponent_of(value);
  const std::string plain = fixed(value, std::max(kDecimalsWithoutStd, needed));
  const std::string with_exponent = fmt::format("{:.{}e}", value, kDigitsWithoutStd - 1);
  const bool is_large = std::abs(value) >= 1e7;
  const bool is_small = needed > kDecimalsWithoutStd && with_exponent.size() < plain.size();
  return is_large || is_small ? with_exponent : plain;
}

// Equal values differ from their computed mean by its rounding.
bool is_spread(double mean, double std) {
  constexpr double kRounding = 1e-14;
  return std::isfinite(mean) && std::isfinite(std) && std > std::abs(mean) * kRounding;
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
  return json_text(json, 2) + "\n";
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
  const double mean = *cell.mean;
  if (!cell.std) return {alone(mean), ""};
  const double std = *cell.std;
  if (!is_spread(mean, std))
    return {alone(mean), std::isfinite(std) ? "0" : fmt::format("{}", std)};
  const int decimals = 1 - exponent_of(std);  // two digits of it
  RoundedCell plain{fixed(mean, decimals), fixed(std, decimals)};
  RoundedCell with_exponents{scientific(mean, decimals), scientific(std, decimals)};
  const auto length = [](const RoundedCell& one) {
    return std::max(one.mean.size(), one.std.size());
  };
  return length(with_exponents) < length(plain) ? with_exponents : plain;
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
