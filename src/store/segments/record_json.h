#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/limits.h"
#include "config/schema/limits.h"
#include "store/segments/records.h"

namespace headway {

inline constexpr IntegerRange kThreadsPerRank{static_cast<std::int64_t>(*kThreadCount.minimum),
                                              static_cast<std::int64_t>(*kThreadCount.maximum)};

/// The visitor that writes a record's fields. A number that is not finite becomes null.
class RecordWriter {
 public:
  explicit RecordWriter(nlohmann::json& json) : json_(json) {}

  void operator()(const char* key, const auto& value) { json_[key] = value; }
  void operator()(const char* key, const RecordedValues& values) {
    nlohmann::json& json = json_[key] = nlohmann::json::object();
    for (const auto& [split, named] : values) {
      nlohmann::json& of_split = json[split] = nlohmann::json::object();
      for (const auto& [name, value] : named) {
        const bool is_number = value && std::isfinite(*value);
        of_split[name] = is_number ? nlohmann::json(*value) : nlohmann::json();
      }
    }
  }
  void operator()(const char* key, const MissingReasons& reasons) {
    nlohmann::json& json = json_[key] = nlohmann::json::object();
    for (const auto& [split, named] : reasons) json[split] = named;
  }

  void required(const char* key, const auto& value) { (*this)(key, value); }
  void numbered(const char* key, std::int64_t value) { (*this)(key, value); }
  void steps(const char* key, std::int64_t value) { (*this)(key, value); }
  void required_steps(const char* key, std::int64_t value) { (*this)(key, value); }
  void threads(const char* key, std::optional<std::int64_t> value) { optional(key, value); }
  void ranks(const char* key, std::optional<std::int64_t> value) { optional(key, value); }
  void optional(const char* key, const std::string& value) {
    if (!value.empty()) (*this)(key, value);
  }
  template <typename T>
  void optional(const char* key, const std::optional<T>& value) {
    if (value) (*this)(key, *value);
  }

 private:
  nlohmann::json& json_;
};

/// The visitor that reads them. null stands for absent. Integers fit an int, but for steps.
class RecordReader {
 public:
  explicit RecordReader(const nlohmann::json& json) : json_(json) {}

  void required(const char* key, auto& value) { read(json_.at(key), value); }
  void numbered(const char* key, std::int64_t& value) {
    value = integer_in(json_.at(key), {1, kMostAttempts});
  }
  void steps(const char* key, std::int64_t& value) {
    if (json_.contains(key)) required_steps(key, value);
  }
  void required_steps(const char* key, std::int64_t& value) {
    value = integer_in(json_.at(key), {0, kWholeRange.most});
  }
  // Whoever evaluates the trial starts so many.
  void threads(const char* key, std::optional<std::int64_t>& value) {
    optional_in(kThreadsPerRank, key, value);
  }
  // Costs and retries are reckoned with them.
  void ranks(const char* key, std::optional<std::int64_t>& value) {
    optional_in({1, kMostRanks}, key, value);
  }
  void operator()(const char* key, auto& value) {
    const auto found = json_.find(key);
    if (found != json_.end() && !found->is_null()) read(*found, value);
  }
  void optional(const char* key, std::string& value) { (*this)(key, value); }
  template <typename T>
  void optional(const char* key, std::optional<T>& value) {
    const auto found = json_.find(key);
    if (found != json_.end() && !found->is_null()) read(*found, value.emplace());
  }

 private:
  void optional_in(IntegerRange range, const char* key, std::optional<std::int64_t>& value) {
    optional(key, value);
    if (value) integer_in(json_.at(key), range);
  }

  static void read(const nlohmann::json& json, auto& value) { json.get_to(value); }
  static void read(const nlohmann::json& json, std::int64_t& value) {
    value = integer_in(json, {0, kMostAttempts});
  }
  static void read(const nlohmann::json& json, RecordedValues& values) {
    for (const auto& [split, named] : object(json)) {
      auto& of_split = values[split];
      for (const auto& [name, value] : object(named)) {
        of_split[name] = value.is_null() ? std::nullopt : std::optional(value.get<double>());
      }
    }
  }
  // Throws unless it is one; items() would take a number for an object of one entry.
  static const nlohmann::json::object_t& object(const nlohmann::json& json) {
    return json.get_ref<const nlohmann::json::object_t&>();
  }

  const nlohmann::json& json_;
};

/// The record with its kind, as a segment has it but for "at".
template <typename Record>
nlohmann::json record_json(const Record& record) {
  nlohmann::json json = {{"kind", Record::kKind}};
  Record::visit(record, RecordWriter(json));
  return json;
}

/// Reads a record of this very kind; keys that it does not know are passed over. Throws
/// nlohmann::json::exception when a required key is absent or a value has the wrong type.
template <typename Record>
Record read_record(const nlohmann::json& json) {
  Record record;
  Record::visit(record, RecordReader(json));
  return record;
}

/// Throws as read_record does when a record of one of these kinds is none.
template <typename... Records>
void check_record(const nlohmann::json& json, RecordList<Records...> /*kinds*/) {
  const auto check = [&]<typename Record>(const Record& /*kind*/) {
    if (json.at("kind") == Record::kKind) read_record<Record>(json);
  };
  (check(Records{}), ...);
}

}  // namespace headway
