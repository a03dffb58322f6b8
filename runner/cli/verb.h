#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "runner/cli/arguments.h"

namespace headway {

/// What the verbs of one run of `headway` share.
struct VerbContext {
  std::ostream& out;  // results
  std::ostream& err;  // messages and progress
  std::filesystem::path results_root;
  bool colours = false;                // `out` is a terminal that wants them
  int exit_code = kExitDone;           // set by the verb's callback
  std::filesystem::path program = {};  // `headway` itself, where it can be started again
};

/// One verb of `headway`: `add` is specialised in verbs/<name>.cpp for the tag that the table in
/// verb_table.cpp lists. It adds its subcommand, with a callback that does the work and sets
/// `context.exit_code`. `context` outlives the parsing; values of options live in a shared_ptr that
/// the callback holds.
template <typename Name>
struct Verb {
  static void add(CLI::App& app, VerbContext& context);
};

/// What the help says about a verb.
struct VerbHelp {
  std::string name;
  std::string summary;      // one line, for `headway --help`
  std::string description;  // a paragraph, for `headway VERB --help`; lines wrapped at 100
  std::vector<std::string> examples;  // whole command lines
  bool is_hidden = false;             // for programs, not for people
};

/// Adds the subcommand with its help text.
Arguments add_verb(CLI::App& app, const VerbHelp& help);

/// --results DIR, which overrides $HEADWAY_RESULTS and ./results.
void add_results_option(const Arguments& verb, VerbContext& context);

/// The verb of `app` that has this name, a hidden one too; nullptr when there is none.
const CLI::App* find_verb(const CLI::App& app, const std::string& name);
/// Without hidden ones.
std::vector<std::string> verb_names(const CLI::App& app);
/// "--json", "--results", ...
std::vector<std::string> long_options(const CLI::App& app);

/// Adds all verbs, in the order of the help.
void add_verbs(CLI::App& app, VerbContext& context);

/// Parses the command line, runs the verb, and turns what it throws into a message on `context.err`
/// and an exit code.
int run_program(const std::vector<std::string>& arguments, VerbContext& context);

}  // namespace headway
