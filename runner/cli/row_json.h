#pragma once

#include <nlohmann/json.hpp>
#include <optional>

namespace headway {

/// null for what is absent.
template <typename T>
nlohmann::json optional_json(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}
template <typename T>
nlohmann::json optional_json(const T& value) {
  return value;
}

/// A row of the store as an object: column -> value.
template <typename Row>
nlohmann::json row_json(const Row& row) {
  nlohmann::json json = nlohmann::json::object();
  Row::visit(row, [&](const char* name, const auto& value) { json[name] = optional_json(value); });
  return json;
}

}  // namespace headway
