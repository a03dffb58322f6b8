#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace headway {

// Records (structs with a static `visit` that names their fields) to and from SQL. "" and absent
// values are NULL.

/// Buffers that a statement reads a record's columns from, or writes them to.
template <typename Record>
class SqlRecord {
 public:
  SqlRecord() {
    const Record record;
    Record::visit(record, [this](const char* name, const auto&) { columns_.emplace_back(name); });
    slots_.resize(columns_.size());
  }
  SqlRecord(const SqlRecord&) = delete;  // statements hold addresses of its buffers
  SqlRecord& operator=(const SqlRecord&) = delete;

  const std::vector<std::string>& columns() const { return columns_; }

  void bind_use(soci::statement& statement) {
    bind([&](auto& buffer, Slot& slot) { statement.exchange(soci::use(buffer, slot.state)); });
  }
  void bind_into(soci::statement& statement) {
    bind([&](auto& buffer, Slot& slot) { statement.exchange(soci::into(buffer, slot.state)); });
  }

  void set(const Record& record) {
    std::size_t i = 0;
    Record::visit(record, [&](const char*, const auto& value) { slots_[i++].set(value); });
  }
  Record get() const {
    Record record;
    std::size_t i = 0;
    Record::visit(record, [&](const char*, auto& value) { slots_[i++].get(value); });
    return record;
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
      buffer(value) = value.value_or(T{});
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
  };

  void bind(auto&& exchange) {
    const Record record;
    std::size_t i = 0;
    Record::visit(record, [&](const char*, const auto& value) {
      Slot& slot = slots_[i++];
      exchange(slot.buffer(value), slot);
    });
  }

  std::vector<std::string> columns_;
  std::vector<Slot> slots_;
};

inline std::string comma_list(const std::vector<std::string>& columns, const std::string& prefix) {
  std::string text;
  for (const std::string& column : columns) {
    if (!text.empty()) text += ", ";
    text += prefix + column;
  }
  return text;
}

/// INSERT OR REPLACE of records that belong to a trial: the column trial_id, then the record's own.
template <typename Record>
class SqlWriter {
 public:
  SqlWriter(soci::session& sql, const std::string& table, bool has_own_trial_id) : statement_(sql) {
    std::vector<std::string> columns = row_.columns();
    if (!has_own_trial_id) {
      columns.insert(columns.begin(), "trial_id");
      statement_.exchange(soci::use(trial_id_));
    }
    row_.bind_use(statement_);
    statement_.alloc();
    statement_.prepare("INSERT OR REPLACE INTO " + table + " (" + comma_list(columns, "") +
                       ") VALUES (" + comma_list(columns, ":") + ")");
    statement_.define_and_bind();
  }

  void write(const std::string& trial_id, const Record& record) {
    trial_id_ = trial_id;
    row_.set(record);
    statement_.execute(true);
  }

 private:
  SqlRecord<Record> row_;
  std::string trial_id_;
  soci::statement statement_;
};

/// Reads records again and again by one text parameter: `tail` is what follows FROM, with :key.
template <typename Record>
class SqlReader {
 public:
  SqlReader(soci::session& sql, const std::string& tail) : statement_(sql) {
    row_.bind_into(statement_);
    if (tail.find(":key") != std::string::npos) statement_.exchange(soci::use(key_));
    statement_.alloc();
    statement_.prepare("SELECT " + comma_list(row_.columns(), "") + " FROM " + tail);
    statement_.define_and_bind();
  }

  void each(const std::string& key, const std::function<void(const Record&)>& consume) {
    key_ = key;
    statement_.execute();
    while (statement_.fetch()) consume(row_.get());
  }

 private:
  SqlRecord<Record> row_;
  std::string key_;
  soci::statement statement_;
};

}  // namespace headway
