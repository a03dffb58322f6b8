#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "base/errors.h"
#include "base/json.h"
#include "base/signals.h"
#include "base/text.h"
#include "cluster/local/group_state.h"
#include "cluster/local/local_launcher.h"
#include "runner/cli/trial_selection.h"
#include "runner/cli/verb.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_state.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

struct InterruptOptions {
  TrialSelection selection;
  bool json = false;
};

/// A group at work on one of the selected trials, and what became of the signal.
struct Interruption {
  ClaimView claim;
  bool sent = false;
  std::string why_not = {};
};

Interruption interrupt(const ClaimView& claim,
                       const std::filesystem::path& sweep_directory,
                       Launcher& launcher) {
  const ProcessIdentity& worker = claim.owner.process;
  switch (launcher.liveness(worker)) {
    case Liveness::kUnknown:
      return {claim, false, fmt::format("it runs on host '{}'; interrupt it there", worker.host)};
    case Liveness::kDead:
      return {claim, false, "its process is dead; the next `headway run` takes the trial over"};
    case Liveness::kAlive:
      break;
  }
  switch (launcher.ask_to_yield(worker, sweep_directory, claim.owner.group)) {
    case YieldRequest::kSent:
      return {claim, true};
    case YieldRequest::kGone:
      break;
    case YieldRequest::kNoWorker:
      return {claim,
              false,
              fmt::format("process {} is no worker of this sweep, whatever the claim says, and was "
                          "left alone",
                          worker.pid)};
  }
  return {claim, false, "it has just left"};
}

std::vector<Interruption> interrupt_all(const SelectedTrials& selected) {
  SweepState state(selected.sweep.directory);
  state.refresh();
  const auto launcher = make_local_launcher();
  std::vector<Interruption> interruptions;
  std::set<std::string> groups;
  for (const TrialId& trial_id : selected.trial_ids) {
    const TrialHistory& record = state.trial(trial_id);
    if (trial_status(record) != TrialStatus::kOpen) continue;
    const auto claim = unended_claim(selected.sweep.directory, trial_id, record);
    if (!claim || !groups.insert(claim->owner.group).second) continue;
    interruptions.push_back(interrupt(*claim, selected.sweep.directory, *launcher));
  }
  return interruptions;
}

nlohmann::json json_of(const Interruption& interruption) {
  const ClaimView& claim = interruption.claim;
  return {{"trial_id", claim.trial_id},
          {"attempt", claim.attempt},
          {"group", claim.owner.group},
          {"host", claim.owner.process.host},
          {"interrupted", interruption.sent},
          {"why_not", interruption.why_not}};
}

void print_interruption(const Interruption& interruption, std::ostream& err) {
  const ClaimView& claim = interruption.claim;
  fmt::print(err,
             "trial {}, attempt {}, step {}: group '{}' {}\n",
             claim.trial_id,
             claim.attempt,
             claim.progress.step,
             claim.owner.group,
             interruption.sent ? "was told to write a checkpoint and leave"
                               : "was not interrupted: " + printable(interruption.why_not));
}

int run(const InterruptOptions& options, VerbContext& context) {
  const SelectedTrials selected = selected_trials(options.selection, context.results_root);
  const auto interruptions = interrupt_all(selected);
  nlohmann::json groups = nlohmann::json::array();
  int missed = 0;
  for (const Interruption& interruption : interruptions) {
    groups.push_back(json_of(interruption));
    if (!options.json) print_interruption(interruption, context.err);
    missed += interruption.sent ? 0 : 1;
  }
  if (options.json) {
    fmt::print(context.out,
               "{}\n",
               json_text(nlohmann::json{{"sweep", selected.sweep.name}, {"groups", groups}}, 2));
  }
  if (interruptions.empty()) {
    fmt::print(context.err,
               "no group works on {} of sweep '{}'\n",
               options.selection.all ? "any trial" : "trial " + selected.trial_ids.front().text(),
               selected.sweep.name);
    return kExitNothingToDo;
  }
  return missed == 0 ? kExitDone : kExitFailed;
}

}  // namespace

template <>
void Verb<class InterruptVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "interrupt",
       .summary = "practise a preemption: running trials checkpoint and go on later",
       .description =
           "Sends SIGUSR2, as a batch system does before it takes a machine away, to the group "
           "that\n"
           "trains the trial, or with --all to all groups that train trials of the sweep. The "
           "trial\n"
           "writes a checkpoint at its next step, the attempt is recorded as preempted (and not\n"
           "counted as a failure), the group leaves, and the `headway run` that started it starts\n"
           "another, which goes on from there. Works from any terminal of the machine that the "
           "group\n"
           "runs on. Exit codes: 3 nothing is running, 1 a group runs on another machine.",
       .examples = {"headway interrupt 3f2a",
                    "headway interrupt --all quickstart",
                    "headway interrupt 3f2a quickstart --json"}});
  const auto options = std::make_shared<InterruptOptions>();
  add_trial_selection(verb, options->selection, "all running trials of the sweep");
  add_results_option(verb, context);
  verb.flag("--json", options->json, "print what was interrupted as JSON");
  verb.action([options, &context] { context.exit_code = run(*options, context); });
}

}  // namespace headway
