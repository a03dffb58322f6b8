#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace headway {

/// Exit codes of `headway`.
enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,  // some trials failed, or this machine did
  kExitUsage = 2,   // a mistake on the command line or in a sweep file
  kExitNothingToDo = 3,
  kExitStore = 4,  // the store is damaged or locked
  kExitInternalError = 70,
  kExitYielded = 75,  // stopped on request, work left: requeue me
  kExitTimeBudget = 124,
  kExitInterrupted = 130,
};

/// What the verbs of one run of `headway` share.
struct VerbContext {
  std::ostream& out;  // results
  std::ostream& err;  // messages and progress
  std::filesystem::path results_root;
  bool colours = false;       // `out` is a terminal that wants them
  int exit_code = kExitDone;  // set by the verb's callback
};

/// A verb adds its subcommand, with a callback that does the work and sets `context.exit_code`.
/// `context` outlives the parsing; values of options live in a shared_ptr that the callback holds.
using AddVerb = void(CLI::App& app, VerbContext& context);

/// What the help says about a verb.
struct VerbHelp {
  std::string name;
  std::string summary;      // one line, for `headway --help`
  std::string description;  // a paragraph, for `headway VERB --help`; lines wrapped at 100
  std::vector<std::string> examples;  // whole command lines
};

/// Adds the subcommand with its help text.
CLI::App& add_verb(CLI::App& app, const VerbHelp& help);

/// --results DIR, which overrides $HEADWAY_RESULTS and ./results.
void add_results_option(CLI::App& verb, VerbContext& context);

/// All verbs, in the order of the help.
const std::vector<AddVerb*>& commands();

/// Parses the command line, runs the verb, and turns what it throws into a message on `context.err`
/// and an exit code.
int run_program(const std::vector<std::string>& arguments, VerbContext& context);

}  // namespace headway
