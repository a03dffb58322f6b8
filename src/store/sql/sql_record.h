#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/sql/dialect.h"

namespace headway {

// Rows (structs that describe their table, see rows.h) to and from SQL.

/// Where a statement goes, and the sweep whose rows are meant.
struct SqlScope {
  soci::session& sql;
  const SqlDialect& dialect;
  std::string sweep;
};

/// Buffers that a statement reads a row's columns from, or writes them to.
template <typename Row>
class SqlRecord {
 public:
  SqlRecord() : slots_(sql_table<Row>().columns.size()) {}
  SqlRecord(const SqlRecord&) = delete;  // statements hold addresses of its buffers
  SqlRecord& operator=(const SqlRecord&) = delete;

  void bind_use(soci::statement& statement) {
    bind([&](auto& buffer, Slot& slot) { statement.exchange(soci::use(buffer, slot.state)); });
  }
  void bind_into(soci::statement& statement) {
    bind([&](auto& buffer, Slot& slot) { statement.exchange(soci::into(buffer, slot.state)); });
  }

  void set(const Row& row) {
    std::size_t i = 0;
    Row::visit(row, [&](const char*, const auto& value) { slots_[i++].set(value); });
  }
  Row get() const {
    Row row;
    std::size_t i = 0;
    Row::visit(row, [&](const char*, auto& value) { slots_[i++].get(value); });
    return row;
  }

 private:
  struct Slot {
    soci::indicator state = soci::i_null;
    long long integer = 0;
    double number = 0;
    std::string text;

    long long& buffer(const std::int64_t&) { return integer; }
    long long& buffer(const std::optional<std::int64_t>&) { return integer; }
    double& buffer(const std::optional<double>&) { return number; }
    std::string& buffer(const std::string&) { return text; }
    std::string& buffer(const std::optional<std::string>&) { return text; }

    void set(const std::string& value) {
      text = value;
      state = value.empty() ? soci::i_null : soci::i_ok;
    }
    void set(std::int64_t value) {
      integer = value;
      state = soci::i_ok;
    }
    template <typename T>
    void set(const std::optional<T>& value) {
      if (value) buffer(value) = *value;
      state = value ? soci::i_ok : soci::i_null;
    }

    bool has_value() const { return state == soci::i_ok; }
    void get(std::string& value) const { value = has_value() ? text : ""; }
    void get(std::int64_t& value) const { value = has_value() ? integer : 0; }
    void get(std::optional<std::int64_t>& value) const {
      value = has_value() ? std::optional<std::int64_t>(integer) : std::nullopt;
    }
    void get(std::optional<double>& value) const {
      value = has_value() ? std::optional<double>(number) : std::nullopt;
    }
    void get(std::optional<std::string>& value) const {
      value = has_value() ? std::optional<std::string>(text) : std::nullopt;
    }
  };

  void bind(auto&& exchange) {
    const Row row;
    std::size_t i = 0;
    Row::visit(row, [&](const char*, const auto& value) {
      Slot& slot = slots_[i++];
      exchange(slot.buffer(value), slot);
    });
  }

  std::vector<Slot> slots_;
};

/// Writes rows, each in the place of the one with the same key.
template <typename Row>
class SqlWriter {
 public:
  explicit SqlWriter(const SqlScope& scope) : statement_(scope.sql) {
    row_.bind_use(statement_);
    statement_.alloc();
    statement_.prepare(scope.dialect.upsert(sql_table<Row>()));
    statement_.define_and_bind();
  }

  void write(const Row& row) {
    row_.set(row);
    statement_.execute(true);
  }

 private:
  SqlRecord<Row> row_;
  soci::statement statement_;
};

/// Reads rows again and again by text parameters: `tail` is what follows "FROM table".
template <typename Row>
class SqlReader {
 public:
  SqlReader(soci::session& sql, const std::string& tail, std::size_t parameters = 0)
      : parameters_(parameters), statement_(sql) {
    row_.bind_into(statement_);
    for (std::string& parameter : parameters_) statement_.exchange(soci::use(parameter));
    statement_.alloc();
    const SqlTable table = sql_table<Row>();
    std::string columns;
    for (const SqlColumn& column : table.columns) {
      columns += (columns.empty() ? "" : ", ") + column.name;
    }
    statement_.prepare("SELECT " + columns + " FROM " + table.name + " " + tail);
    statement_.define_and_bind();
  }

  /// `values` of the parameters in the order in which they stand in `tail`.
  void each(const std::vector<std::string>& values,
            const std::function<void(const Row&)>& consume) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i] = values.at(i);
    statement_.execute();
    while (statement_.fetch()) consume(row_.get());
  }

 private:
  SqlRecord<Row> row_;
  std::deque<std::string> parameters_;  // the statement holds their addresses
  soci::statement statement_;
};

/// A tail for rows of one trial; its parameters are the sweep and the trial_id.
inline constexpr const char* kOfTrial = "WHERE sweep = :sweep AND trial_id = :trial ";
/// A tail for rows of one sweep.
inline constexpr const char* kOfSweep = "WHERE sweep = :sweep ";

}  // namespace headway
