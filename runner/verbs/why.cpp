#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/cli/open_store.h"
#include "runner/cli/row_json.h"
#include "runner/cli/trial_selection.h"
#include "runner/cli/verb.h"
#include "sweep/trial_diagnosis.h"

namespace headway {
namespace {

struct WhyOptions {
  std::string trial;
  std::string sweep;
  bool json = false;
};

nlohmann::json diagnosis_json(const TrialDiagnosis& diagnosis) {
  nlohmann::json attempts = nlohmann::json::array();
  for (const AttemptRecord& attempt : diagnosis.attempts) attempts.push_back(row_json(attempt));
  nlohmann::json holder;
  if (diagnosis.holder) {
    const ClaimView& claim = *diagnosis.holder;
    holder = {{"attempt", claim.attempt},
              {"group", claim.owner.group},
              {"host", claim.owner.process.host},
              {"pid", claim.owner.process.pid},
              {"world_size", claim.owner.world_size},
              {"phase", claim.progress.phase},
              {"step", claim.progress.step},
              {"total_steps", claim.progress.total_steps}};
  }
  return {{"trial_id", diagnosis.place.trial_id},
          {"sweep", diagnosis.place.sweep.name},
          {"state", to_string(diagnosis.state)},
          {"reasons", diagnosis.reasons},
          {"held_by", holder},
          {"attempts", attempts},
          {"tried_again", diagnosis.status == TrialStatus::kOpen},
          {"rules", diagnosis.rules},
          {"log", diagnosis.log},
          {"group_log", diagnosis.group_log},
          {"group_log_file", diagnosis.group_log_file},
          {"next", diagnosis.next}};
}

std::string how_it_ended(const AttemptRecord& attempt) {
  if (attempt.state == "failed") return attempt.failure.empty() ? "failed" : attempt.failure;
  if (attempt.state == "yielded") return attempt.failure.empty() ? "yielded" : attempt.failure;
  return attempt.state;
}

void print_attempts(const TrialDiagnosis& diagnosis, std::ostream& out) {
  if (diagnosis.attempts.empty()) {
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
  for (const AttemptRecord& attempt : diagnosis.attempts) {
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
  for (const AttemptRecord& attempt : diagnosis.attempts) {
    std::string margin = fmt::format("  {}: ", attempt.attempt);
    for (const std::string& line : wrap(printable(attempt.message), kTextWidth)) {
      fmt::print(out, "{}{}\n", margin, line);
      margin = "     ";
    }
  }
}

void print_lines(const std::string& title,
                 const std::vector<std::string>& lines,
                 std::ostream& out) {
  if (lines.empty()) return;
  fmt::print(out, "\n{}\n", printable(title));
  for (const std::string& line : lines) fmt::print(out, "  {}\n", printable(line));
}

void print_diagnosis(const TrialDiagnosis& diagnosis, std::ostream& out) {
  fmt::print(out,
             "trial     {} of sweep '{}'\nstate     {}\n",
             diagnosis.place.trial_id,
             diagnosis.place.sweep.name,
             to_string(diagnosis.state));
  for (const std::string& reason : diagnosis.reasons)
    fmt::print(out, "because   {}\n", printable(reason));
  for (const std::string& rule : diagnosis.rules)
    fmt::print(out, "rule      {}\n", printable(rule));
  print_attempts(diagnosis, out);
  print_lines("the trial's log ends with", diagnosis.log, out);
  print_lines(
      "the group's log (" + diagnosis.group_log_file + ") ends with", diagnosis.group_log, out);
  print_lines("what you can do", diagnosis.next, out);
}

}  // namespace

template <>
void Verb<class WhyVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "why",
       .summary = "why a trial waits, failed or ended as it did, and what to do next",
       .description =
           "Tells of a trial: its state and the reason for it, every attempt with time, "
           "host,\n"
           "group, class of failure and message, what the retry rules make of it, who holds it, "
           "the "
           "end\n"
           "of its log, and the commands that help. TRIAL is a trial id or the beginning of one.\n"
           "Changes nothing.",
       .examples = {"headway why 3f2a", "headway why 3f2a quickstart", "headway why 3f2a --json"}});
  const auto options = std::make_shared<WhyOptions>();
  add_trial_of_sweep(verb, options->trial, options->sweep);
  add_results_option(verb, context);
  verb.flag("--json", options->json, "print JSON");
  verb.action([options, &context] {
    const TrialLocation place = locate_trial(options->trial, options->sweep, context.results_root);
    tell_losses(place.sweep, context.err);
    const TrialDiagnosis diagnosis = diagnose_trial(place);
    if (options->json) {
      fmt::print(context.out, "{}\n", json_text(diagnosis_json(diagnosis), 2));
    } else {
      print_diagnosis(diagnosis, context.out);
    }
  });
}

}  // namespace headway
