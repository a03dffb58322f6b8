#include "config/schema/json_writer.h"

namespace headway {
namespace {

/// The one form of a value that its option allows: 20 and 20.0 are the same number.
nlohmann::json normalised(const OptionSpec& option, const nlohmann::json& value) {
  if (option.type == OptionType::kNumber) return value.get<double>();
  if (option.type == OptionType::kNumberList) return value.get<std::vector<double>>();
  return value;
}

}  // namespace

void JsonWriter::component(Family family,
                           std::string_view key,
                           const std::string& name,
                           const Options& options) {
  object_[std::string(key)] = name;
  const ComponentSpec* spec = find_component(family, name);
  if (spec == nullptr) return;  // reported when it was read
  for (const OptionSpec& option : spec->options) {
    const auto given = options.values().find(option.name);
    const bool is_given = given != options.values().end();
    object_[option.name] = normalised(option, is_given ? *given : option.default_value);
  }
}

}  // namespace headway
