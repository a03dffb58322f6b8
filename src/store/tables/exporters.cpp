#include "store/tables/exporters.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "store/tables/csv.h"

namespace headway {
namespace {

enum class ColumnType { kText, kInteger, kNumber, kJson };

struct Column {
  const char* name;
  ColumnType type = ColumnType::kText;
};

struct Source {
  std::vector<Column> columns;
  std::string from;  // table and order; the trials table goes by `t`
};

constexpr ColumnType kInteger = ColumnType::kInteger;
constexpr ColumnType kNumber = ColumnType::kNumber;

std::vector<Column> trial_columns() {
  return {{"trial_id"},
          {"cell_id"},
          {"sweep"},
          {"state"},
          {"failure"},
          {"attempts", kInteger},
          {"seed", kInteger},
          {"config", ColumnType::kJson},
          {"started_at"},
          {"finished_at"},
          {"duration_s", kNumber},
          {"world_size", kInteger},
          {"device"},
          {"host"},
          {"headway_version"},
          {"git_revision"},
          {"torch_version"},
          {"weights_sha256"},
          {"state_sha256"},
          {"metrics_sha256"},
          {"class_vectors_sha256"},
          {"threads_per_rank", kInteger},
          {"precision"},
          {"message"},
          {"plan_position", kInteger}};
}

std::vector<Column> attempt_columns() {
  return {{"trial_id"},
          {"attempt", kInteger},
          {"state"},
          {"failure"},
          {"message"},
          {"exit_code", kInteger},
          {"worker_group"},
          {"host"},
          {"device"},
          {"world_size", kInteger},
          {"threads_per_rank", kInteger},
          {"precision"},
          {"resumed_from_step", kInteger},
          {"epoch", kInteger},
          {"step", kInteger},
          {"started_at"},
          {"finished_at"},
          {"duration_s", kNumber}};
}

std::vector<Column> metric_columns() {
  return {{"trial_id"},
          {"attempt", kInteger},
          {"epoch", kInteger},
          {"step", kInteger},
          {"split"},
          {"name"},
          {"value", kNumber}};
}

Source source_of(ExportKind kind) {
  const std::string of_trial = " x JOIN trials t ON t.trial_id = x.trial_id";
  switch (kind) {
    case ExportKind::kTrials:
      return {trial_columns(), "trials" + of_trial};
    case ExportKind::kMetrics:
      return {metric_columns(), "metrics" + of_trial};
    case ExportKind::kResults:
      return {{{"trial_id"}, {"split"}, {"name"}, {"value", kNumber}, {"missing_reason"}},
              "results" + of_trial};
    case ExportKind::kAttempts:
      return {attempt_columns(), "attempts" + of_trial};
    case ExportKind::kParameters:
      return {{{"trial_id"}, {"key"}, {"value"}}, "parameters" + of_trial};
  }
  throw std::logic_error("export kind without a table");
}

// One value as its column's type has it.
struct Value {
  ColumnType type = ColumnType::kText;
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
    if (type == ColumnType::kJson) return text;
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
};

class RowWriter {
 public:
  RowWriter(ExportFormat format, const std::vector<Column>& columns, std::ostream& out)
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
  const std::vector<Column>& columns_;
  std::ostream& out_;
  bool first_ = true;
};

std::string select_text(const Source& source, bool include_vanished) {
  std::string columns;
  for (const Column& column : source.columns) {
    columns += fmt::format("{}x.{}", columns.empty() ? "" : ", ", column.name);
  }
  return fmt::format(
      "SELECT {} FROM {}{} ORDER BY t.plan_position IS NULL, t.plan_position, "
      "t.trial_id",
      columns,
      source.from,
      include_vanished ? "" : " WHERE t.plan_position IS NOT NULL");
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

ExportKind export_kind_from_string(const std::string& name) {
  return kind_from_string<ExportKind>("export",
                                      name,
                                      {{"trials", ExportKind::kTrials},
                                       {"metrics", ExportKind::kMetrics},
                                       {"results", ExportKind::kResults},
                                       {"attempts", ExportKind::kAttempts},
                                       {"parameters", ExportKind::kParameters}});
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
  const Source source = source_of(kind);
  RowWriter writer(options.format, source.columns, out);
  store.query([&](soci::session& sql) {
    std::vector<Value> values;
    for (const Column& column : source.columns) values.push_back({column.type});
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
    statement.alloc();
    statement.prepare(select_text(source, options.include_vanished));
    statement.define_and_bind();
    statement.execute();
    writer.begin();
    while (statement.fetch()) writer.row(values);
    writer.end();
  });
}

}  // namespace headway
