#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/limits.h"

// NOLINTNEXTLINE(readability-identifier-naming): CLI11's name.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace headway {

/// One argument of a verb, for what its help and its check say besides. A handle: CLI11 owns it.
class Argument {
 public:
  explicit Argument(CLI::Option& option) : option_(&option) {}

  /// What stands for the value in the help: FILE, N, ... Completion knows some of these.
  Argument& type_name(const std::string& name);
  Argument& required();
  /// The help says what it is without being given.
  Argument& show_default();
  /// Several values in one word.
  Argument& delimiter(char character);
  /// A whole number: the limits of the file's key for the same thing, where there is one.
  Argument& limited_to(const Limits& limits);
  /// Help and completion name the choices; whoever takes the value checks it.
  Argument& one_of(const std::vector<std::string>& choices);
  /// The same, checked here.
  Argument& only_one_of(const std::vector<std::string>& choices);
  Argument& excludes(const Argument& other);

 private:
  CLI::Option* option_;
};

/// The arguments of a verb. The verbs see CLI11 through this alone: its headers hold all of its
/// code, which every source that includes them compiles again, for seconds. A handle: CLI11 owns
/// what it stands for.
class Arguments {
 public:
  explicit Arguments(CLI::App& verb) : verb_(&verb) {}

  /// `names`: "--lines,-n", or without dashes that of a positional argument. `value` keeps what it
  /// holds unless the argument is given. An empty text is refused: it comes from a variable that is
  /// not set, and would mean all or nothing.
  Argument option(const std::string& names, std::string& value, const std::string& help) const;
  Argument option(const std::string& names,
                  std::vector<std::string>& values,
                  const std::string& help) const;
  Argument option(const std::string& names,
                  std::filesystem::path& value,
                  const std::string& help) const;
  Argument option(const std::string& names, std::int64_t& value, const std::string& help) const;
  Argument option(const std::string& names,
                  std::optional<std::int64_t>& value,
                  const std::string& help) const;
  /// Positional ones as they are, also empty.
  Argument words(const std::string& name,
                 std::vector<std::string>& values,
                 const std::string& help) const;
  /// Sets `value` when it is given.
  Argument flag(const std::string& names, bool& value, const std::string& help) const;

  /// One of the verbs within this one must be given.
  void require_verb() const;
  /// What the verb does, when its arguments have been read.
  void action(std::function<void()> run) const;

  CLI::App& app() const { return *verb_; }

 private:
  CLI::App* verb_;
};

}  // namespace headway
