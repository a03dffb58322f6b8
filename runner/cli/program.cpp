#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <ostream>
#include <sstream>

#include "base/access_error.h"
#include "base/errors.h"
#include "base/nearest_name.h"
#include "base/text.h"
#include "runner/cli/verb.h"
#include "runner/cli/version.h"

namespace headway {
namespace {

constexpr const char* kDescription =
    "headway: sweeps of classification-layer experiments, on a laptop or a cluster";
constexpr const char* kFooter =
    "Examples:\n"
    "  headway list heads\n"
    "  headway plan sweeps/quickstart.yaml\n"
    "  headway run sweeps/quickstart.yaml\n"
    "\n"
    "`headway VERB --help` tells more about a verb.";

/// The verb that was being read, "export weights" for one within another; the program before any.
const CLI::App& current_app(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? app : current_app(*verbs.front());
}

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

std::string usage(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  const std::string help = app.help(parent == nullptr ? "" : full_name(*parent));
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("Usage:", 0) == 0) return line;
  }
  return "";
}

/// What is wrong with the command line, in our words where CLI11's would not name the remedy.
std::string usage_problem(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& current = current_app(app);
  const std::vector<std::string> extras = app.remaining(true);
  const auto option = std::find_if(extras.begin(), extras.end(), [](const std::string& text) {
    return text.size() > 1 && text.front() == '-';
  });
  if (option != extras.end()) {
    const std::string name = option->substr(0, option->find('='));
    return fmt::format("unknown option '{}'{}", name, suggestion(name, long_options(current)));
  }
  const auto verbs = verb_names(current);
  if (!extras.empty()) {
    const std::string hint = verbs.empty() ? "" : suggestion(extras.front(), verbs);
    return fmt::format("unexpected argument '{}'{}", extras.front(), hint);
  }
  if (!verbs.empty()) return fmt::format("one of these is needed: {}", fmt::join(verbs, ", "));
  return error.what();
}

int report_usage(const CLI::App& app, const std::string& problem, std::ostream& err) {
  const CLI::App& current = current_app(app);
  const std::string name = full_name(current);
  fmt::print(err, "{}: {}\n{}\ntry '{} --help'\n", name, printable(problem), usage(current), name);
  return kExitUsage;
}

/// CLI11 takes its arguments last first.
void parse(CLI::App& app, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
}

bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return std::ranges::mismatch(folder, path).in1 == folder.end();
}

std::filesystem::path full_path(const std::filesystem::path& path) {
  std::error_code unknown;
  const auto full = std::filesystem::absolute(path, unknown).lexically_normal();
  return full.has_filename() ? full : full.parent_path();
}

/// What to do where the results cannot be read or written.
std::string advice(const AccessError& error, const VerbContext& context) {
  const auto path = full_path(error.path());
  const auto root = full_path(context.results_root);
  if (!is_within(path, root) && !is_within(root, path)) return "";
  return fmt::format(
      "; results are in {}: name a folder that you may read and write with --results or "
      "$HEADWAY_RESULTS",
      in_quotes(context.results_root.string()));
}

/// Of several mistakes one a line; each may quote what a file or the command line says.
std::string message_of(const std::exception& error) {
  return printable(error.what(), Newlines::kKeep);
}

int parse_and_run(CLI::App& app, const std::vector<std::string>& arguments, VerbContext& context) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first.empty()) return report_usage(app, "a verb is needed", context.err);
  if (first.front() != '-' && find_verb(app, first) == nullptr) {
    const std::string problem =
        fmt::format("unknown verb '{}'{}", first, suggestion(first, verb_names(app)));
    return report_usage(app, problem, context.err);
  }
  try {
    parse(app, arguments);
  } catch (const CLI::Success& information) {  // --help, --version
    return app.exit(information, context.out, context.err);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, usage_problem(app, error), context.err);
  }
  return context.exit_code;
}

}  // namespace

const CLI::App* find_verb(const CLI::App& app, const std::string& name) {
  const auto found =
      app.get_subcommands([&name](const CLI::App* verb) { return verb->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (!verb->get_group().empty()) names.push_back(verb->get_name());
  }
  return names;
}

std::vector<std::string> long_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options({})) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

Arguments add_verb(CLI::App& app, const VerbHelp& help) {
  CLI::App& verb = *app.add_subcommand(help.name, help.summary);
  std::string footer = help.description + "\n\nExamples:";
  for (const std::string& example : help.examples) footer += "\n  " + example;
  verb.footer(footer);
  if (help.is_hidden) verb.group("");
  return Arguments(verb);
}

void add_results_option(const Arguments& verb, VerbContext& context) {
  verb.option("--results",
              context.results_root,
              "folder that holds the sweeps (default: $HEADWAY_RESULTS, else ./results)")
      .type_name("DIR");
}

int run_program(const std::vector<std::string>& arguments, VerbContext& context) {
  CLI::App app(kDescription, "headway");
  app.footer(kFooter);
  app.set_version_flag("--version", version_text, "print what this build is made of");
  app.require_subcommand(1);
  add_verbs(app, context);
  try {
    return parse_and_run(app, arguments, context);
  } catch (const ConfigError& error) {
    fmt::print(context.err, "{}\n", message_of(error));
    return kExitUsage;
  } catch (const StoreError& error) {
    fmt::print(context.err, "{}\n", message_of(error));
    return kExitStore;
  } catch (const AccessError& error) {
    fmt::print(context.err, "{}{}\n", message_of(error), advice(error, context));
    return kExitFailed;
  } catch (const std::logic_error& error) {
    fmt::print(context.err, "internal error: {}\n", message_of(error));
    return kExitInternalError;
  } catch (const std::exception& error) {
    fmt::print(context.err, "{}\n", message_of(error));
    return kExitFailed;
  }
}

}  // namespace headway
