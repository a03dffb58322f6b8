#include "store/tables/exporters.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "base/errors.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "store/sql/queries.h"
#include "store/sql/rows.h"
#include "store/sql/sql_record.h"
#include "store/tables/csv.h"

namespace headway {
namespace {

struct NamedKind {
  const char* name;
  ExportKind kind;
  SqlTable table;
};

// What may be exported, in the order in which it is listed.
const std::vector<NamedKind>& kinds() {
  static const std::vector<NamedKind> kKinds{
      {"trials", ExportKind::kTrials, sql_table<TrialRow>()},
      {"metrics", ExportKind::kMetrics, sql_table<OfTrial<MetricRow>>()},
      {"results", ExportKind::kResults, sql_table<OfTrial<ResultRow>>()},
      {"attempts", ExportKind::kAttempts, sql_table<OfTrial<AttemptRecord>>()},
      {"parameters", ExportKind::kParameters, sql_table<OfTrial<ParameterRow>>()},
      {"evaluations", ExportKind::kEvaluations, sql_table<OfTrial<EvaluationRow>>()}};
  return kKinds;
}

const SqlTable& table_of(ExportKind kind) {
  for (const NamedKind& one : kinds()) {
    if (one.kind == kind) return one.table;
  }
  throw std::logic_error("export kind without a table");
}

// One value as its column's type has it.
struct Value {
  ColumnType type = ColumnType::kText;
  bool is_json = false;
  soci::indicator state = soci::i_null;
  std::string text = {};
  long long integer = 0;
  double number = 0;

  bool has_value() const { return state == soci::i_ok; }

  std::string csv() const {
    if (!has_value()) return "";
    if (type == ColumnType::kInteger) return std::to_string(integer);
    if (type == ColumnType::kNumber) return fmt::format("{}", number);
    return csv_field(text);
  }

  std::string json() const {
    if (!has_value()) return "null";
    if (type == ColumnType::kInteger) return std::to_string(integer);
    if (type == ColumnType::kNumber) return nlohmann::json(number).dump();
    if (is_json) return text;
    return json_text(nlohmann::json(text));
  }
};

class RowWriter {
 public:
  RowWriter(ExportFormat format, const std::vector<SqlColumn>& columns, std::ostream& out)
      : format_(format), columns_(columns), out_(out) {}

  void begin() {
    if (format_ == ExportFormat::kJson) out_ << "[";
    if (format_ != ExportFormat::kCsv) return;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      out_ << (i > 0 ? "," : "") << columns_[i].name;
    }
    out_ << '\n';
  }

  void row(const std::vector<Value>& values) {
    std::string line;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) line += ',';
      line += format_ == ExportFormat::kCsv
                  ? values[i].csv()
                  : fmt::format("\"{}\":{}", columns_[i].name, values[i].json());
    }
    if (format_ == ExportFormat::kCsv) out_ << line << '\n';
    if (format_ == ExportFormat::kJsonLines) out_ << '{' << line << "}\n";
    if (format_ == ExportFormat::kJson) out_ << (first_ ? "\n{" : ",\n{") << line << '}';
    first_ = false;
  }

  void end() {
    if (format_ == ExportFormat::kJson) out_ << "\n]\n";
    out_.flush();
    if (!out_) throw EnvironmentError("the export could not be written: is the disk full?");
  }

 private:
  ExportFormat format_;
  const std::vector<SqlColumn>& columns_;
  std::ostream& out_;
  bool first_ = true;
};

std::string select_text(const SqlTable& table, bool include_vanished) {
  std::string columns;
  for (const SqlColumn& column : table.columns) {
    columns += fmt::format("{}x.{}", columns.empty() ? "" : ", ", column.name);
  }
  return fmt::format(
      "SELECT {} FROM {} x JOIN trials t ON t.sweep = x.sweep AND t.trial_id = x.trial_id "
      "WHERE x.sweep = :sweep{} ORDER BY t.plan_position IS NULL, t.plan_position, t.trial_id",
      columns,
      table.name,
      include_vanished ? "" : " AND t.plan_position IS NOT NULL");
}

// The configurations are shown: they must be what the ids say.
void expect_own_configurations(const ResultsStore& store, bool include_vanished) {
  store.query([&](soci::session& sql) {
    SqlReader<TrialRow>(sql, kOfSweep, 1).each({store.sweep()}, [&](const TrialRow& row) {
      if (row.in_plan() || include_vanished) expect_own_configuration(row, store);
    });
  });
}

template <typename Kind>
Kind kind_from_string(const std::string& what,
                      const std::string& name,
                      const std::vector<std::pair<std::string, Kind>>& names) {
  std::vector<std::string> known;
  for (const auto& [one, kind] : names) {
    if (one == name) return kind;
    known.push_back(one);
  }
  throw ConfigError(fmt::format("unknown {} '{}'{}", what, name, suggestion(name, known)));
}

}  // namespace

std::vector<std::string> export_kinds() {
  std::vector<std::string> names;
  for (const NamedKind& one : kinds()) names.emplace_back(one.name);
  return names;
}

ExportKind export_kind_from_string(const std::string& name) {
  std::vector<std::pair<std::string, ExportKind>> names;
  for (const NamedKind& one : kinds()) names.emplace_back(one.name, one.kind);
  return kind_from_string("export", name, names);
}

ExportFormat export_format_from_string(const std::string& name) {
  return kind_from_string<ExportFormat>("export format",
                                        name,
                                        {{"csv", ExportFormat::kCsv},
                                         {"json", ExportFormat::kJson},
                                         {"jsonl", ExportFormat::kJsonLines}});
}

void export_rows(const ResultsStore& store,
                 ExportKind kind,
                 const ExportOptions& options,
                 std::ostream& out) {
  if (kind == ExportKind::kTrials) expect_own_configurations(store, options.include_vanished);
  const SqlTable& table = table_of(kind);
  RowWriter writer(options.format, table.columns, out);
  store.query([&](soci::session& sql) {
    std::vector<Value> values;
    for (const SqlColumn& column : table.columns) values.push_back({column.type, column.is_json});
    soci::statement statement(sql);
    for (Value& value : values) {
      if (value.type == ColumnType::kInteger) {
        statement.exchange(soci::into(value.integer, value.state));
      } else if (value.type == ColumnType::kNumber) {
        statement.exchange(soci::into(value.number, value.state));
      } else {
        statement.exchange(soci::into(value.text, value.state));
      }
    }
    statement.exchange(soci::use(store.sweep()));
    statement.alloc();
    statement.prepare(select_text(table, options.include_vanished));
    statement.define_and_bind();
    statement.execute();
    writer.begin();
    while (statement.fetch()) writer.row(values);
    writer.end();
  });
}

}  // namespace headway
