#include "runner/supervisor/evaluation_supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "base/files.h"
#include "base/retry_while_disk_full.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/cli/verb.h"
#include "runner/supervisor/exit_diagnosis.h"
#include "scheduling/claims/crash_report.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr double kSecondsBetweenLooks = 0.25;
constexpr double kSecondsAfterIdleGroup = 1;
constexpr double kBadStartSeconds = 30;
constexpr int kBadStartsAllowed = 3;
constexpr std::size_t kLogTailLines = 15;

}  // namespace

EvaluationSupervisor::EvaluationSupervisor(EvaluationSupervisorOptions options,
                                           Launcher& launcher,
                                           ProgressDisplay& display)
    : options_(std::move(options)),
      launcher_(launcher),
      display_(display),
      claims_root_(SweepLayout(options_.sweep_directory).evaluation(options_.suite)),
      presence_(claims_root_),
      reports_(options_.sweep_directory, "supervisor"),
      state_(options_.sweep_directory, options_.suite, options_.trials),
      abandonment_(claims_root_),
      groups_(presence_, launcher, options_.group) {}

SupervisorEnd EvaluationSupervisor::run() {
  look();
  while (!is_over()) {
    handle_stop_signals();
    for (const EndedGroup& group : groups_.reap()) handle_group_exit(group);
    if (monotonic_seconds() >= next_look_) look();
    groups_.watch(running_, options_.hang_seconds);
    if (!stopping_) start_groups();
    display_.show({.sweep = options_.sweep + ", " + options_.suite,
                   .counts = counts_,
                   .running = running_,
                   .remaining_seconds = {},
                   .stopping = false});
    std::this_thread::sleep_for(kTick);
  }
  look();
  display_.clear();
  return stopping_.value_or(SupervisorEnd::kFinished);
}

void EvaluationSupervisor::look() {
  state_.refresh();
  counts_ = {.total = static_cast<std::int64_t>(options_.trials.size())};
  running_.clear();
  for (const PlannedTrial& trial : options_.trials) {
    const std::string& id = trial.trial_id;
    const bool is_held = state_.status(id) == EvaluationStatus::kOpen && is_worked_on(id);
    const EvaluationStatus status = state_.status(id);
    note_event(id, status);
    if (status == EvaluationStatus::kDone) ++counts_.done;
    if (status == EvaluationStatus::kFailedForGood) ++counts_.failed;
    if (status == EvaluationStatus::kOpen) ++(is_held ? counts_.running : counts_.waiting);
  }
  next_look_ = monotonic_seconds() + kSecondsBetweenLooks;
}

// Ends of attempts whose owner is gone are reported, so that the trial is free for the next one.
bool EvaluationSupervisor::is_worked_on(const std::string& trial_id) {
  auto claim = latest_claim(claims_root_, trial_id);
  if (!claim || has_ended(state_.trial(trial_id).evaluation, claim->attempt)) return false;
  const auto abandoned = abandonment_.judge(*claim);
  if (!abandoned) {
    running_.push_back({.claim = std::move(*claim)});
    return true;
  }
  state_.refresh();  // the owner may have recorded the end and left since the last look
  if (!has_ended(state_.trial(trial_id).evaluation, claim->attempt)) {
    report({.trial_id = trial_id,
            .evaluation = options_.suite,
            .claim = claim->attempt,
            .failure = abandoned->failure,
            .message = abandoned->message});
  }
  return false;
}

void EvaluationSupervisor::note_event(const std::string& trial_id, EvaluationStatus status) {
  const auto [place, is_first] = seen_.try_emplace(trial_id, status);
  if (std::exchange(place->second, status) == status || is_first) return;
  const AttemptRecord* last = state_.trial(trial_id).evaluation.last_attempt();
  if (last == nullptr) return;
  if (status == EvaluationStatus::kDone) {
    display_.event({.kind = TrialEvent::Kind::kDone, .trial_id = trial_id, .attempt = *last});
  } else if (status == EvaluationStatus::kFailedForGood) {
    display_.event({.kind = TrialEvent::Kind::kFailed,
                    .trial_id = trial_id,
                    .attempt = *last,
                    .is_final = true});
  }
}

std::vector<ClaimView> EvaluationSupervisor::claims_of(const std::string& group) const {
  std::vector<ClaimView> claims = latest_claims(claims_root_);
  std::erase_if(claims, [&](const ClaimView& claim) { return claim.owner.group != group; });
  return claims;
}

// A group that ends leaves no evaluation in the air.
void EvaluationSupervisor::handle_group_exit(const EndedGroup& group) {
  look();
  const auto claims = claims_of(group.name);
  for (const ClaimView& claim : claims) {
    if (has_ended(state_.trial(claim.trial_id).evaluation, claim.attempt)) continue;
    if (state_.status(claim.trial_id) != EvaluationStatus::kOpen) continue;
    const AttemptEnd end =
        explain_end(group,
                    claim,
                    {.was_asked = stopping_.has_value(),
                     .report = first_crash_report(claims_root_, claim.trial_id, claim.attempt),
                     .memory = {.peak_bytes = group.memory.peak_bytes,
                                .resident_bytes = group.memory.resident_bytes,
                                .available_bytes = launcher_.available_memory_bytes(),
                                .groups_beside = static_cast<int>(groups_.standing().size())}});
    if (end.failure == "oom") options_.groups = std::max(1, options_.groups / 2);
    report({.trial_id = claim.trial_id,
            .evaluation = options_.suite,
            .claim = claim.attempt,
            .failure = end.failure,
            .message = end.message,
            .groups_beside = end.groups_beside});
  }
  if (!stopping_) note_start(group, !claims.empty());
  look();
}

void EvaluationSupervisor::report(const EvaluationFailed& failure) {
  retry_while_disk_full([&] { reports_.append(failure, Flush::kNow); },
                        {.began =
                             [this](const std::string& what) {
                               display_.message(what + "; waiting until there is room");
                             },
                         .give_up = [this] { return signals_.count() > 0; }});
  state_.refresh();
}

// Groups that die at once, before they take a trial, would do so for ever: a library is missing.
void EvaluationSupervisor::note_start(const EndedGroup& group, bool took_a_trial) {
  next_start_ = monotonic_seconds() + (took_a_trial ? 0 : kSecondsAfterIdleGroup);
  const bool died = group.end.exit_code != kExitDone && group.end.exit_code != kExitYielded;
  if (took_a_trial || !died || group.lifetime_seconds > kBadStartSeconds) {
    bad_starts_ = 0;
    return;
  }
  if (++bad_starts_ < kBadStartsAllowed) return;
  const auto log = SweepLayout(options_.sweep_directory).group_log(group.name);
  display_.message(fmt::format("workers die before they take a trial ({}); the end of '{}':",
                               group.end.describe(),
                               log.string()));
  if (std::filesystem::exists(log)) {
    display_.message(read_text(log).substr(tail_offset(log, kLogTailLines)));
  }
  stop(SupervisorEnd::kBadStart);
}

void EvaluationSupervisor::start_groups() {
  if (monotonic_seconds() < next_start_) return;
  // A group that has not claimed yet will take one of those that wait.
  auto standing = static_cast<std::int64_t>(groups_.standing().size());
  const auto at_work = std::ranges::count_if(running_, [this](const RunningTrial& trial) {
    return trial.claim.owner.group.starts_with(presence_.id());
  });
  std::int64_t missing = counts_.waiting - (standing - at_work);
  for (; missing > 0 && standing < options_.groups; --missing, ++standing) groups_.start(1);
}

void EvaluationSupervisor::handle_stop_signals() {
  if (signals_.count() > 0) {
    stop(signals_.first() == SIGINT ? SupervisorEnd::kInterrupted : SupervisorEnd::kYielded);
  }
  if (!stopping_) return;
  const bool out_of_patience = monotonic_seconds() - stopped_at_ >= options_.stop_patience_seconds;
  if (signals_.count() > 1 || out_of_patience) groups_.kill_all();
}

void EvaluationSupervisor::stop(SupervisorEnd reason) {
  if (stopping_) return;
  stopping_ = reason;
  stopped_at_ = monotonic_seconds();
  groups_.ask_to_yield();
}

}  // namespace headway
