#include <fmt/format.h>
#include <fmt/ostream.h>

#include <chrono>
#include <fstream>
#include <ostream>
#include <thread>

#include "base/errors.h"
#include "base/files.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "runner/cli/trial_selection.h"
#include "runner/cli/verb.h"
#include "store/manifest/sweep_state.h"
#include "sweep/location.h"

namespace headway {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(250);

struct LogsOptions {
  std::string trial;
  std::string sweep;
  std::int64_t lines = -1;  // all
  bool follow = false;
};

std::filesystem::path log_file(const TrialLocation& trial) {
  return SweepLayout(trial.sweep.directory).trial_log(trial.trial_id);
}

/// Prints the whole lines at the front of `text` and takes them off it: what a block of the file
/// cuts in two must not be printed in halves.
void print_whole_lines(std::string& text, std::ostream& out) {
  constexpr std::size_t kLongestLine = 1 << 20;
  const std::size_t newline = text.rfind('\n');
  const std::size_t length = newline == std::string::npos ? 0 : newline + 1;
  const std::size_t printed = text.size() - length > kLongestLine ? text.size() : length;
  out << printable(std::string_view(text).substr(0, printed), Newlines::kKeep);
  text.erase(0, printed);
}

/// Prints what the file holds beyond `offset`, with what a terminal would obey written out; the new
/// offset.
std::uint64_t print_from(const std::filesystem::path& file,
                         std::uint64_t offset,
                         std::ostream& out) {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(file, missing)) return offset;
  std::ifstream in(file, std::ios::binary);
  if (!in) return offset;
  in.seekg(static_cast<std::streamoff>(offset));
  std::string text;
  char buffer[1 << 16];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
    offset += static_cast<std::uint64_t>(in.gcount());
    print_whole_lines(text, out);
  }
  out << printable(text, Newlines::kKeep);
  out.flush();
  return offset;
}

/// Goes on printing until the trial has ended and its log is printed whole.
void follow(const TrialLocation& trial, std::uint64_t offset, std::ostream& out) {
  SweepState state(trial.sweep.directory);
  while (out) {
    state.refresh();
    const TrialState now = state.trial(trial.trial_id).state();
    offset = print_from(log_file(trial), offset, out);  // after the look: nothing is missed
    if (now != TrialState::kPending && now != TrialState::kRunning) return;
    std::this_thread::sleep_for(kPollInterval);
  }
}

void print_log(const LogsOptions& options, VerbContext& context) {
  const TrialLocation trial = locate_trial(options.trial, options.sweep, context.results_root);
  const std::filesystem::path file = log_file(trial);
  if (!is_there(file) && !options.follow) {
    SweepState state(trial.sweep.directory);
    state.refresh();
    throw ConfigError(fmt::format("trial {} of sweep '{}' has no log yet: it is {}",
                                  trial.trial_id,
                                  trial.sweep.name,
                                  to_string(state.trial(trial.trial_id).state())));
  }
  const std::uint64_t start =
      options.lines < 0 ? 0 : tail_offset(file, static_cast<std::uint64_t>(options.lines));
  const std::uint64_t end = print_from(file, start, context.out);
  if (options.follow) follow(trial, end, context.out);
}

}  // namespace

template <>
void Verb<class LogsVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "logs",
       .summary = "what the worker said while it trained a trial",
       .description =
           "TRIAL is a trial id or the beginning of one. --follow prints on as the log grows, "
           "until\n"
           "the trial has ended. A worker group's own log is <results>/<sweep>/logs/<group>.log.",
       .examples = {"headway logs 3f2a", "headway logs 3f2a --lines 20 --follow"}});
  const auto options = std::make_shared<LogsOptions>();
  add_trial_of_sweep(verb, options->trial, options->sweep);
  verb.option("-n,--lines", options->lines, "only the last N lines")
      .type_name("N")
      .limited_to(kAtLeastOne);
  verb.flag("-f,--follow", options->follow, "go on until the trial has ended");
  add_results_option(verb, context);
  verb.action([options, &context] { print_log(*options, context); });
}

}  // namespace headway
