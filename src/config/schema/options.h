#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace headway {

/// The options that belong to one component (say `width` of an encoder), complete: every option of
/// its catalog entry is present, with its default where the user gave none. Asking for one that the
/// component does not have is our bug and throws std::logic_error.
class Options {
 public:
  Options() = default;
  explicit Options(nlohmann::json values) : values_(std::move(values)) {}

  double number(const std::string& name) const { return at(name).get<double>(); }
  std::int64_t integer(const std::string& name) const { return at(name).get<std::int64_t>(); }
  bool flag(const std::string& name) const { return at(name).get<bool>(); }
  std::string text(const std::string& name) const { return at(name).get<std::string>(); }
  std::vector<double> numbers(const std::string& name) const {
    return at(name).get<std::vector<double>>();
  }
  bool has(const std::string& name) const { return values_.contains(name); }
  /// A JSON object: name -> value.
  const nlohmann::json& values() const { return values_; }
  nlohmann::json& values() { return values_; }

 private:
  const nlohmann::json& at(const std::string& name) const {
    if (!has(name)) throw std::logic_error("component has no option '" + name + "'");
    return values_.at(name);
  }

  nlohmann::json values_ = nlohmann::json::object();
};

}  // namespace headway
