#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "config/schema/fields.h"

namespace headway {

/// The visitor that fills a struct from what JsonWriter wrote of it. A key that is absent leaves
/// the default, so that what an older version wrote is read too; unknown keys are passed over. For
/// structs without components. nlohmann::json::exception when a value has another type.
class JsonReader {
 public:
  explicit JsonReader(const nlohmann::json& object) : object_(object) {}

  template <typename T>
  void operator()(std::string_view key, T& value, const Limits& = {}) {
    if (const auto* found = find(key)) found->get_to(value);
  }
  void operator()(std::string_view key, std::optional<std::int64_t>& value, const Limits&) {
    if (const auto* found = find(key)) value = found->get<std::int64_t>();
  }
  void automatic(std::string_view key, std::optional<std::int64_t>& value, const Limits&) {
    const auto* found = find(key);
    if (found != nullptr && found->is_number()) value = found->get<std::int64_t>();
  }
  void duration(std::string_view key, std::optional<double>& seconds) {
    if (const auto* found = find(key)) seconds = found->get<double>();
  }
  void slurm_time(std::string_view key, std::string& text) { (*this)(key, text); }

 private:
  const nlohmann::json* find(std::string_view key) const {
    const auto found = object_.find(std::string(key));
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  const nlohmann::json& object_;
};

template <typename Config>
Config section_from_json(const nlohmann::json& object) {
  Config config;
  JsonReader reader(object);
  visit(reader, config);
  return config;
}

}  // namespace headway
