#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/schema/fields.h"

namespace headway {

/// The visitor that dumps a struct into a JSON object with sorted keys. Absent optionals are left
/// out; options that a caller left out get their catalog defaults.
class JsonWriter {
 public:
  explicit JsonWriter(nlohmann::json& object) : object_(object) {}

  template <typename T>
  void operator()(std::string_view key, const T& value, const Limits& = {}) {
    object_[std::string(key)] = value;
  }
  void operator()(std::string_view key, const std::optional<std::int64_t>& value, const Limits&) {
    if (value) object_[std::string(key)] = *value;
  }
  void operator()(std::string_view key,
                  const std::variant<std::string, double>& value,
                  const Limits&) {
    std::visit([&](const auto& held) { object_[std::string(key)] = held; }, value);
  }

  template <typename Config>
  void section(std::string_view key, const Config& config) {
    JsonWriter writer(object_[std::string(key)] = nlohmann::json::object());
    visit(writer, config);
  }

  void component(Family family,
                 std::string_view key,
                 const std::string& name,
                 const Options& options);

  template <typename Config>
  void components(Family, std::string_view key, const std::vector<Config>& configs) {
    nlohmann::json& list = object_[std::string(key)] = nlohmann::json::array();
    for (const Config& config : configs) {
      JsonWriter writer(list.emplace_back(nlohmann::json::object()));
      visit(writer, config);
    }
  }

  void automatic(std::string_view key, const std::optional<std::int64_t>& value, const Limits&) {
    if (value) {
      object_[std::string(key)] = *value;
    } else {
      object_[std::string(key)] = "auto";
    }
  }
  void duration(std::string_view key, const std::optional<double>& seconds) {
    if (seconds) object_[std::string(key)] = *seconds;
  }
  void slurm_time(std::string_view key, const std::string& text) {
    if (!text.empty()) object_[std::string(key)] = text;
  }

 private:
  nlohmann::json& object_;
};

template <typename Config>
nlohmann::json section_to_json(const Config& config) {
  nlohmann::json object = nlohmann::json::object();
  JsonWriter writer(object);
  visit(writer, config);
  return object;
}

}  // namespace headway
