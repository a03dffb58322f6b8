#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/schema/fields.h"
#include "config/yaml/located_value.h"
#include "config/yaml/problems.h"

namespace headway {

/// The visitor that fills a struct from a map. A key that is absent leaves the default; whatever
/// does not fit becomes a problem at its place, and reading goes on.
class SectionReader {
 public:
  /// `path` of the section for messages, "" at the top. All arguments must outlive the reader.
  SectionReader(const LocatedValue& map, std::string path, Problems& problems);

  void operator()(std::string_view key, bool& value);
  void operator()(std::string_view key, std::int64_t& value, const Limits& limits = {});
  void operator()(std::string_view key, double& value, const Limits& limits = {});
  void operator()(std::string_view key, std::string& value, const Limits& limits = {});
  void operator()(std::string_view key, std::optional<std::int64_t>& value, const Limits& limits);
  void operator()(std::string_view key,
                  std::variant<std::string, double>& value,
                  const Limits& limits);
  void operator()(std::string_view key, std::vector<std::string>& value);
  void component(Family family, std::string_view key, std::string& name, Options& options);
  void automatic(std::string_view key, std::optional<std::int64_t>& value, const Limits& limits);
  void duration(std::string_view key, std::optional<double>& value);
  void slurm_time(std::string_view key, std::string& value);

  template <typename Config>
  void section(std::string_view key, Config& config) {
    SectionReader reader(map_at(key), path_of(key), problems_);
    visit(reader, config);
    reader.finish();
  }

  template <typename Config>
  void components(Family family, std::string_view key, std::vector<Config>& configs) {
    const LocatedValue* list = list_at(key);
    if (list == nullptr) return;
    for (const LocatedValue& item : list->items) {
      if (!check_map(item, path_of(key))) continue;
      SectionReader reader(item, path_of(key), problems_);
      visit(reader, configs.emplace_back());
      reader.finish();
    }
    check_distinct(family, *list);
  }

  /// Call after visiting: reports the keys that no field asked for.
  void finish();

 private:
  const LocatedValue* value_at(std::string_view key);
  const LocatedValue* list_at(std::string_view key);
  const LocatedValue& map_at(std::string_view key);
  bool check_map(const LocatedValue& value, const std::string& path);
  void check_distinct(Family family, const LocatedValue& list);
  nlohmann::json read_option(const OptionSpec& option);
  nlohmann::json read_number_list(const OptionSpec& option);
  std::string path_of(std::string_view key) const;
  void report(const LocatedValue& value, std::string_view key, const std::string& expected);
  void report_unknown_key(const LocatedValue::Entry& entry);

  const LocatedValue& map_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string_view> known_;
  std::optional<Family> family_ = {};         // of the component that the section holds
  const ComponentSpec* component_ = nullptr;  // null while its name is unknown
};

/// Reads a whole struct.
template <typename Config>
Config read_section(const LocatedValue& map, const std::string& path, Problems& problems) {
  Config config;
  SectionReader reader(map, path, problems);
  visit(reader, config);
  reader.finish();
  return config;
}

/// Reads what section_to_json wrote of a struct. ConfigErrors tells all that does not fit.
template <typename Config>
Config section_from_json(const nlohmann::json& json, const std::string& path) {
  Problems problems;
  const LocatedValue map = located_value_from_json(json);
  if (!map.is_map()) {
    problems.push_back({{}, path + ": expected a mapping, found " + describe(map)});
  }
  Config config = read_section<Config>(map, path, problems);
  throw_problems(std::move(problems));
  return config;
}

}  // namespace headway
