#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/time.h"
#include "runner/cli/text_columns.h"
#include "runner/cli/trial_diagnosis.h"
#include "runner/cli/verb.h"

namespace headway {
namespace {

struct WhyOptions {
  std::string trial;
  std::string sweep;
  bool json = false;
};

constexpr std::size_t kTextWidth = 96;

std::string how_it_ended(const AttemptRecord& attempt) {
  if (attempt.state == "failed") return attempt.failure.empty() ? "failed" : attempt.failure;
  if (attempt.state == "yielded") return attempt.failure.empty() ? "yielded" : attempt.failure;
  return attempt.state;
}

void print_attempts(const TrialDiagnosis& story, std::ostream& out) {
  if (story.attempts.empty()) {
    fmt::print(out, "attempts  none\n");
    return;
  }
  TextColumns columns({{"attempt", Align::kRight},
                       {"ended"},
                       {"started"},
                       {"finished"},
                       {"took", Align::kRight},
                       {"ranks", Align::kRight},
                       {"from step", Align::kRight},
                       {"host"},
                       {"group"}});
  const auto number = [](const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : std::string("-");
  };
  for (const AttemptRecord& attempt : story.attempts) {
    columns.add({std::to_string(attempt.attempt),
                 how_it_ended(attempt),
                 attempt.started_at.empty() ? "-" : attempt.started_at,
                 attempt.finished_at.empty() ? "-" : attempt.finished_at,
                 attempt.duration_s ? format_duration(*attempt.duration_s) : "-",
                 number(attempt.world_size),
                 number(attempt.resumed_from_step),
                 attempt.host.empty() ? "-" : attempt.host,
                 attempt.worker_group.empty() ? "-" : attempt.worker_group});
  }
  fmt::print(out, "\n");
  columns.print(out);
  for (const AttemptRecord& attempt : story.attempts) {
    if (attempt.message.empty()) continue;
    const auto lines = wrap(attempt.message, kTextWidth);
    fmt::print(out, "  {}: {}\n", attempt.attempt, lines.front());
    for (std::size_t i = 1; i < lines.size(); ++i) fmt::print(out, "     {}\n", lines[i]);
  }
}

void print_lines(const std::string& title,
                 const std::vector<std::string>& lines,
                 std::ostream& out) {
  if (lines.empty()) return;
  fmt::print(out, "\n{}\n", title);
  for (const std::string& line : lines) fmt::print(out, "  {}\n", line);
}

void print_story(const TrialDiagnosis& story, std::ostream& out) {
  fmt::print(out,
             "trial     {} of sweep '{}'\nstate     {}\n",
             story.place.trial_id,
             story.place.sweep.name,
             to_string(story.state));
  for (const std::string& reason : story.reasons) fmt::print(out, "because   {}\n", reason);
  for (const std::string& rule : story.rules) fmt::print(out, "rule      {}\n", rule);
  print_attempts(story, out);
  print_lines("the trial's log ends with", story.log, out);
  print_lines("the group's log (" + story.group_log_file + ") ends with", story.group_log, out);
  print_lines("what you can do", story.next, out);
}

}  // namespace

void add_why_command(CLI::App& app, VerbContext& context) {
  CLI::App& verb = add_verb(
      app,
      {.name = "why",
       .summary = "why a trial waits, failed or ended as it did, and what to do next",
       .description =
           "Tells a trial's story: its state and the reason for it, every attempt with time, "
           "host,\n"
           "group, class of failure and message, what the retry rules make of it, who holds it, "
           "the "
           "end\n"
           "of its log, and the commands that help. TRIAL is a trial id or the beginning of one.\n"
           "Changes nothing.",
       .examples = {"headway why 3f2a", "headway why 3f2a quickstart", "headway why 3f2a --json"}});
  const auto options = std::make_shared<WhyOptions>();
  verb.add_option("trial", options->trial, "trial id or its beginning")
      ->type_name("TRIAL")
      ->required();
  verb.add_option("sweep", options->sweep, "look in this sweep only")->type_name("SWEEP");
  add_results_option(verb, context);
  verb.add_flag("--json", options->json, "print JSON");
  verb.callback([options, &context] {
    const TrialDiagnosis story =
        diagnose_trial(locate_trial(options->trial, options->sweep, context.results_root));
    if (options->json) {
      fmt::print(context.out, "{}\n", story_json(story).dump(2));
    } else {
      print_story(story, context.out);
    }
  });
}

}  // namespace headway
