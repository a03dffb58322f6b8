#include "runner/cli/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "base/nearest_name.h"
#include "base/text.h"
#include "config/yaml/scalars.h"

namespace headway {
namespace {

CLI::Option& not_empty(CLI::Option& option) {
  return *option.check(CLI::Validator(
      [](const std::string& text) -> std::string {
        return text.empty() ? "expected a value, found ''; leave it out, or set what it comes from"
                            : "";
      },
      ""));
}

}  // namespace

Argument& Argument::type_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Argument& Argument::required() {
  option_->required();
  return *this;
}

Argument& Argument::show_default() {
  option_->capture_default_str();
  return *this;
}

Argument& Argument::delimiter(char character) {
  option_->delimiter(character);
  return *this;
}

Argument& Argument::limited_to(const Limits& limits) {
  option_->check(CLI::Validator(
      [limits](const std::string& text) -> std::string {
        const auto number = parse_integer(text);
        if (number && within(*number, limits)) return "";
        return fmt::format(
            "expected {}, found {}", expectation("an integer", limits), in_quotes(text));
      },
      ""));
  return *this;
}

Argument& Argument::one_of(const std::vector<std::string>& choices) {
  return type_name(fmt::format("{}", fmt::join(choices, "|")));
}

Argument& Argument::only_one_of(const std::vector<std::string>& choices) {
  option_->check(CLI::Validator(
      [choices](const std::string& text) -> std::string {
        if (std::find(choices.begin(), choices.end(), text) != choices.end()) return "";
        return fmt::format("expected one of {}, found '{}'{}",
                           fmt::join(choices, ", "),
                           text,
                           suggestion(text, choices));
      },
      ""));
  return one_of(choices);
}

Argument& Argument::excludes(const Argument& other) {
  option_->excludes(other.option_);
  return *this;
}

Argument Arguments::option(const std::string& names,
                           std::string& value,
                           const std::string& help) const {
  return Argument(not_empty(*verb_->add_option(names, value, help)));
}

Argument Arguments::option(const std::string& names,
                           std::vector<std::string>& values,
                           const std::string& help) const {
  return Argument(not_empty(*verb_->add_option(names, values, help)));
}

Argument Arguments::option(const std::string& names,
                           std::filesystem::path& value,
                           const std::string& help) const {
  return Argument(not_empty(*verb_->add_option(names, value, help)));
}

Argument Arguments::option(const std::string& names,
                           std::int64_t& value,
                           const std::string& help) const {
  return Argument(*verb_->add_option(names, value, help));
}

Argument Arguments::option(const std::string& names,
                           std::optional<std::int64_t>& value,
                           const std::string& help) const {
  return Argument(*verb_->add_option(names, value, help));
}

Argument Arguments::words(const std::string& name,
                          std::vector<std::string>& values,
                          const std::string& help) const {
  return Argument(*verb_->add_option(name, values, help));
}

Argument Arguments::flag(const std::string& names, bool& value, const std::string& help) const {
  return Argument(*verb_->add_flag(names, value, help));
}

void Arguments::require_verb() const {
  verb_->require_subcommand(1);
}

void Arguments::action(std::function<void()> run) const {
  verb_->callback(std::move(run));
}

}  // namespace headway
