#include "runner/cli/trial_diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/time.h"
#include "runner/cli/row_json.h"
#include "runner/cli/text_columns.h"
#include "runner/cli/text_tail.h"
#include "scheduling/claims/supervisors.h"
#include "scheduling/policy/queue.h"
#include "scheduling/policy/trial_pace.h"
#include "store/manifest/sweep_directory.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "sweep/pauses.h"

namespace headway {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTrialLogLines = 8;
constexpr std::uint64_t kGroupLogLines = 20;

std::vector<std::string> last_lines(const fs::path& file, std::uint64_t count) {
  std::ifstream in(file);
  in.seekg(static_cast<std::streamoff>(tail_offset(file, count)));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Clocks of machines are not compared: both times are the file system's.
std::string heartbeat_age(const fs::path& sweep_directory, const ClaimView& claim) {
  const fs::path file = sweep_directory / "claims" / claim.trial_id /
                        std::to_string(claim.attempt) / "heartbeat.json";
  std::error_code unknown;
  const auto written = fs::last_write_time(file, unknown);
  if (unknown) return "no heartbeat";
  const std::chrono::duration<double> age = fs::file_time_type::clock::now() - written;
  return fmt::format("last heartbeat {} ago", format_duration(std::max(0.0, age.count())));
}

std::vector<std::string> live_supervisors(const fs::path& sweep_directory) {
  std::vector<std::string> ids;
  std::error_code none;
  fs::directory_iterator entry(sweep_directory / "supervisors", none);
  for (; !none && entry != fs::directory_iterator(); entry.increment(none)) {
    const std::string id = entry->path().stem().string();
    if (supervisor_of(sweep_directory, id + "-0") != Liveness::kDead) ids.push_back(id);
  }
  return ids;
}

/// Everything that the story of one trial is told from.
struct Evidence {
  const TrialLocation& place;
  SweepManifest plan;
  SweepState state;
  std::optional<ClaimView> claim;
  std::vector<std::string> supervisors;

  const TrialHistory& record() const { return state.trial(place.trial_id); }
  const PlannedTrial* planned() const {
    for (const PlannedTrial& trial : plan.trials) {
      if (trial.trial_id == place.trial_id) return &trial;
    }
    return nullptr;
  }
  bool is_held() const { return claim && !has_ended(record(), claim->attempt); }
};

Evidence gather(const TrialLocation& place) {
  const fs::path& directory = place.sweep.directory;
  Evidence evidence{.place = place,
                    .plan = read_manifest(directory),
                    .state = SweepState(directory),
                    .claim = latest_claim(directory, place.trial_id),
                    .supervisors = live_supervisors(directory)};
  evidence.state.refresh();
  return evidence;
}

std::string holder_text(const Evidence& evidence) {
  const ClaimView& claim = *evidence.claim;
  const Progress& progress = claim.progress;
  std::string text = fmt::format("claimed by group '{}' on host '{}' ({})",
                                 claim.owner.group,
                                 claim.owner.process.host,
                                 heartbeat_age(evidence.place.sweep.directory, claim));
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

std::vector<std::string> reasons_to_wait(const Evidence& evidence) {
  std::vector<std::string> reasons;
  const PlannedTrial* planned = evidence.planned();
  if (planned == nullptr) {
    return {"it is no longer in the sweep's plan: the sweep file has changed, or excludes it"};
  }
  if (const auto error = pausing_error(evidence.plan, evidence.state)) {
    reasons.push_back(
        fmt::format("the sweep is paused: its first trials ended by the same error, {}: {}",
                    error->failure,
                    error->message));
  }
  if (evidence.supervisors.empty()) {
    reasons.emplace_back("no `headway run` works on this sweep");
    return reasons;
  }
  const RetryDecision decision = retry_decision(evidence.record());
  const std::int64_t shards = planned->config().training.shards;
  const std::set<int> widths = live_widths(evidence.place.sweep.directory);
  const bool some_fit = std::any_of(widths.begin(), widths.end(), [&](int width) {
    return width_fits(width, shards) && width <= decision.max_ranks.value_or(width);
  });
  if (!widths.empty() && !some_fit) {
    reasons.push_back(
        fmt::format("no group at work fits its width: it needs 1 to {} ranks (training.shards={}); "
                    "the next one that is started will",
                    std::min<std::int64_t>(shards, decision.max_ranks.value_or(shards)),
                    shards));
  } else {
    reasons.emplace_back("it waits for its turn: groups take the longest trials first");
  }
  return reasons;
}

std::vector<std::string> reasons_of(const Evidence& evidence, const TrialDiagnosis& story) {
  switch (story.status) {
    case TrialStatus::kDone:
      return {"it is done"};
    case TrialStatus::kCancelled:
      return {"someone cancelled it" +
              (evidence.record().cancel.at.empty() ? "" : " at " + evidence.record().cancel.at)};
    case TrialStatus::kFailedForGood:
      return {"it is not tried again: " + story.decision.reason};
    case TrialStatus::kOpen:
      break;
  }
  if (story.holder) return {holder_text(evidence)};
  auto reasons = reasons_to_wait(evidence);
  if (!story.decision.reason.empty()) {
    reasons.push_back("it will be tried again: " + story.decision.reason);
  }
  return reasons;
}

std::vector<std::string> next_commands(const Evidence& evidence, const TrialDiagnosis& story) {
  const std::string sweep = evidence.place.sweep.directory.string();
  const std::string& id = evidence.place.trial_id;
  const std::string run = "headway run " + sweep;
  const std::string retry = fmt::format("headway retry {} {}", sweep, id);
  switch (story.status) {
    case TrialStatus::kDone:
      return {fmt::format("headway show {} --sweep {}", id, sweep)};
    case TrialStatus::kCancelled:
    case TrialStatus::kFailedForGood:
      return {retry, run};
    case TrialStatus::kOpen:
      break;
  }
  if (story.holder && liveness(story.holder->owner.process) != Liveness::kDead) {
    return {fmt::format("headway logs {} --sweep {} --follow", id, sweep),
            fmt::format("headway interrupt {} {}", id, sweep),
            fmt::format("headway cancel {} {}", id, sweep)};
  }
  if (!evidence.supervisors.empty()) return {"headway status " + sweep + " --watch"};
  return {run};
}

}  // namespace

TrialDiagnosis diagnose_trial(const TrialLocation& place) {
  const Evidence evidence = gather(place);
  const TrialHistory& record = evidence.record();
  TrialDiagnosis story{.place = place,
                       .state = record.state(),
                       .status = trial_status(record),
                       .attempts = {},
                       .decision = retry_decision(record),
                       .rules = {},
                       .reasons = {}};
  for (const auto& [number, attempt] : record.attempts) story.attempts.push_back(attempt);
  for (const auto& [failure, count] : record.failures()) {
    const std::string name =
        to_string(failure == FailureClass::kNone ? FailureClass::kError : failure);
    story.rules.push_back(name + ": " + retry_rule(name));
  }
  if (story.status == TrialStatus::kOpen && evidence.is_held()) {
    story.holder = evidence.claim;
    story.state = TrialState::kRunning;
  }
  story.reasons = reasons_of(evidence, story);
  story.next = next_commands(evidence, story);
  const SweepDirectory layout(place.sweep.directory);
  story.log = last_lines(layout.artifacts(place.trial_id) / "log.txt", kTrialLogLines);
  const AttemptRecord* last = record.last_attempt();
  if (last != nullptr && last->state == "failed" && !last->worker_group.empty()) {
    const fs::path file = place.sweep.directory / "logs" / (last->worker_group + ".log");
    story.group_log = last_lines(file, kGroupLogLines);
    story.group_log_file = file.string();
  }
  return story;
}

nlohmann::json story_json(const TrialDiagnosis& story) {
  nlohmann::json attempts = nlohmann::json::array();
  for (const AttemptRecord& attempt : story.attempts) attempts.push_back(row_json(attempt));
  nlohmann::json holder;
  if (story.holder) {
    const ClaimView& claim = *story.holder;
    holder = {{"attempt", claim.attempt},
              {"group", claim.owner.group},
              {"host", claim.owner.process.host},
              {"pid", claim.owner.process.pid},
              {"world_size", claim.owner.world_size},
              {"phase", claim.progress.phase},
              {"step", claim.progress.step},
              {"total_steps", claim.progress.total_steps}};
  }
  return {{"trial_id", story.place.trial_id},
          {"sweep", story.place.sweep.name},
          {"state", to_string(story.state)},
          {"reasons", story.reasons},
          {"held_by", holder},
          {"attempts", attempts},
          {"tried_again", story.status == TrialStatus::kOpen},
          {"rules", story.rules},
          {"log", story.log},
          {"group_log", story.group_log},
          {"group_log_file", story.group_log_file},
          {"next", story.next}};
}

}  // namespace headway
