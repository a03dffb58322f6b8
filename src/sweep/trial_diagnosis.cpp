#include "sweep/trial_diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/sweep_layout.h"
#include "base/text.h"
#include "base/time.h"
#include "sweep/snapshot.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTrialLogLines = 8;
constexpr std::uint64_t kGroupLogLines = 20;

/// Clocks of machines are not compared: both times are the file system's.
std::string heartbeat_age(const fs::path& sweep_directory, const ClaimView& claim) {
  const std::string attempt = std::to_string(claim.attempt);
  const fs::path folder = SweepLayout(sweep_directory).claims() / claim.trial_id.text() / attempt;
  std::error_code unknown;
  const auto written = fs::last_write_time(folder / SweepLayout::kHeartbeat, unknown);
  if (unknown) return "no heartbeat";
  const std::chrono::duration<double> age = fs::file_time_type::clock::now() - written;
  return fmt::format("last heartbeat {} ago", format_duration(std::max(0.0, age.count())));
}

/// Everything that one trial is diagnosed from.
struct DiagnosisInput {
  const TrialLocation& place;
  SweepSnapshot snapshot;
  std::vector<SupervisorId> supervisors;

  const TrialHistory& record() const { return snapshot.state().trial(place.trial_id); }
};

DiagnosisInput gather(const TrialLocation& place) {
  const fs::path& directory = place.sweep.directory;
  DiagnosisInput input{place, SweepSnapshot(directory), live_supervisors(directory)};
  input.snapshot.refresh();
  return input;
}

std::string holder_text(const fs::path& sweep_directory, const ClaimView& claim) {
  const Progress& progress = claim.progress;
  std::string text = fmt::format("claimed by group '{}' on host '{}' ({})",
                                 claim.owner.group,
                                 claim.owner.process.host,
                                 heartbeat_age(sweep_directory, claim));
  switch (liveness(claim.owner.process)) {
    case Liveness::kAlive:
      text += fmt::format(": {}, epoch {} of {}, step {} of {}",
                          progress.phase.empty() ? "starting" : progress.phase,
                          progress.epoch,
                          progress.epochs,
                          progress.step,
                          progress.total_steps);
      if (progress.phase == kWaitingForDisk) text += "; make room and it goes on by itself";
      return text;
    case Liveness::kDead:
      return text + "; that process is dead, and whoever works on the sweep takes the trial over";
    case Liveness::kUnknown:
      break;
  }
  return text + "; of another machine, so nothing more is known from here";
}

/// Widths of the groups that live, of all trials.
std::set<int> live_widths(const fs::path& sweep_directory) {
  std::set<int> widths;
  for (const ClaimView& claim : latest_claims(sweep_directory)) {
    if (liveness(claim.owner.process) == Liveness::kAlive) widths.insert(claim.owner.world_size);
  }
  return widths;
}

std::vector<std::string> reasons_to_wait(const DiagnosisInput& input) {
  std::vector<std::string> reasons;
  const auto index = input.snapshot.find(input.place.trial_id);
  if (!index) {
    return {"it is no longer in the sweep's plan: the sweep file has changed, or excludes it"};
  }
  if (const auto error = input.snapshot.pausing_error()) {
    reasons.push_back(
        fmt::format("the sweep is paused: its first trials ended by the same error, {}: {}",
                    error->failure,
                    error->message));
  }
  if (input.supervisors.empty()) {
    reasons.emplace_back("no `headway run` works on this sweep");
    return reasons;
  }
  const RankRange ranks = input.snapshot.ranks(*index);
  const std::set<int> widths = live_widths(input.place.sweep.directory);
  const bool some_fit =
      std::any_of(widths.begin(), widths.end(), [&](int width) { return ranks.contains(width); });
  if (!widths.empty() && !some_fit) {
    reasons.push_back(fmt::format(
        "no group at work fits its width: it needs {} (training.shards={}); the next one "
        "that is started will",
        to_text(ranks),
        input.snapshot.plan().trials[*index].config().training.shards));
  } else {
    reasons.emplace_back("it waits for its turn: groups take the longest trials first");
  }
  return reasons;
}

std::vector<std::string> reasons_of(const DiagnosisInput& input, const TrialDiagnosis& diagnosis) {
  switch (diagnosis.status) {
    case TrialStatus::kDone:
      return {"it is done"};
    case TrialStatus::kCancelled:
      return {"someone cancelled it" +
              (input.record().cancel.at.empty() ? "" : " at " + input.record().cancel.at)};
    case TrialStatus::kFailedForGood:
      return {"it is not tried again: " + diagnosis.decision.reason};
    case TrialStatus::kOpen:
      break;
  }
  if (diagnosis.holder) return {holder_text(input.place.sweep.directory, *diagnosis.holder)};
  auto reasons = reasons_to_wait(input);
  if (!diagnosis.decision.reason.empty()) {
    reasons.push_back("it will be tried again: " + diagnosis.decision.reason);
  }
  return reasons;
}

std::vector<std::string> next_commands(const DiagnosisInput& input,
                                       const TrialDiagnosis& diagnosis) {
  const std::string sweep = input.place.sweep.directory.string();
  const TrialId& id = input.place.trial_id;
  const std::string run = "headway run " + sweep;
  const std::string retry = fmt::format("headway retry {} {}", sweep, id);
  switch (diagnosis.status) {
    case TrialStatus::kDone:
      return {fmt::format("headway show {} --sweep {}", id, sweep)};
    case TrialStatus::kCancelled:
    case TrialStatus::kFailedForGood:
      return {retry, run};
    case TrialStatus::kOpen:
      break;
  }
  if (diagnosis.holder && liveness(diagnosis.holder->owner.process) != Liveness::kDead) {
    return {fmt::format("headway logs {} --sweep {} --follow", id, sweep),
            fmt::format("headway interrupt {} {}", id, sweep),
            fmt::format("headway cancel {} {}", id, sweep)};
  }
  if (!input.supervisors.empty()) return {"headway status " + sweep + " --watch"};
  return {run};
}

}  // namespace

TrialDiagnosis diagnose_trial(const TrialLocation& place) {
  const DiagnosisInput input = gather(place);
  const TrialHistory& record = input.record();
  TrialDiagnosis diagnosis{.place = place,
                           .state = record.state(),
                           .status = trial_status(record),
                           .attempts = {},
                           .decision = retry_decision(record),
                           .rules = {},
                           .reasons = {}};
  for (const auto& [number, attempt] : record.attempts) diagnosis.attempts.push_back(attempt);
  for (const auto& [failure, count] : record.failures()) {
    const std::string name =
        to_string(failure == FailureClass::kNone ? FailureClass::kError : failure);
    diagnosis.rules.push_back(name + ": " + retry_rule(name));
  }
  if (diagnosis.status == TrialStatus::kOpen) {
    diagnosis.holder = unended_claim(place.sweep.directory, place.trial_id, record);
  }
  if (diagnosis.holder) diagnosis.state = TrialState::kRunning;
  diagnosis.reasons = reasons_of(input, diagnosis);
  diagnosis.next = next_commands(input, diagnosis);
  const SweepLayout layout(place.sweep.directory);
  diagnosis.log = last_lines(layout.trial_log(place.trial_id), kTrialLogLines);
  const AttemptRecord* last = record.last_attempt();
  const auto group = GroupName::from(last != nullptr ? last->worker_group : "");
  if (group && last->state == "failed") {
    const fs::path file = layout.group_log(*group);
    diagnosis.group_log = last_lines(file, kGroupLogLines);
    diagnosis.group_log_file = file.string();
  }
  return diagnosis;
}

}  // namespace headway
