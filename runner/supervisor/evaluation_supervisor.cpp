#include "runner/supervisor/evaluation_supervisor.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/sweep_layout.h"
#include "base/time.h"
#include "runner/supervisor/exit_diagnosis.h"
#include "sweep/trial_status.h"

namespace headway {

EvaluationSupervisor::EvaluationSupervisor(EvaluationSupervisorOptions options,
                                           Launcher& launcher,
                                           ProgressDisplay& display)
    : options_(std::move(options)),
      display_(display),
      claims_root_(SweepLayout(options_.sweep_directory).evaluation(options_.suite)),
      reports_(options_.sweep_directory, "supervisor"),
      state_(options_.sweep_directory, options_.suite, options_.trials),
      abandonment_(claims_root_),
      groups_(claims_root_, options_.group, options_.timeouts, launcher, display),
      trials_(claims_root_, groups_.id()),
      store_(options_.headway, options_.sweep_directory, [this](const std::string& text) {
        display_.message(text);
      }) {}

SupervisorEnd EvaluationSupervisor::run() {
  groups_.end_in_order([this] { serve(); });
  display_.clear();
  groups_.finish(store_);
  return groups_.stopping().value_or(SupervisorEnd::kFinished);
}

void EvaluationSupervisor::serve() {
  groups_.ride_out_io_errors([this] {
    groups_.wait_out_full_disk([this] { trials_.publish(options_.trials); });
    look();
  });
  while (!is_over()) {
    groups_.ride_out_io_errors([this] { tick(); });
    display_.show({.sweep = options_.sweep + ", " + options_.suite,
                   .counts = counts_,
                   .running = running_,
                   .remaining_seconds = {},
                   .stopping = groups_.stopping().has_value()});
    std::this_thread::sleep_for(kTick);
  }
  groups_.ride_out_io_errors([this] { look(); });
}

// May be repeated when it fails halfway.
void EvaluationSupervisor::tick() {
  for (EndedGroup& group : groups_.reap()) ended_.push_back(std::move(group));
  for (; !ended_.empty(); ended_.pop_front()) handle_group_exit(ended_.front());
  if (monotonic_seconds() >= next_look_) look();
  groups_.watch(running_);
  if (!groups_.stopping()) start_groups();
}

void EvaluationSupervisor::look() {
  state_.refresh();
  counts_ = {.total = static_cast<std::int64_t>(options_.trials.size())};
  running_.clear();
  for (const PlannedTrial& trial : options_.trials) {
    const TrialId& id = trial.trial_id;
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
bool EvaluationSupervisor::is_worked_on(const TrialId& trial_id) {
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

void EvaluationSupervisor::note_event(const TrialId& trial_id, EvaluationStatus status) {
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
    const AttemptEnd end = explain_end(group, claim, groups_.circumstances(group, claim));
    if (end.failure == "oom") options_.groups = std::max(1, options_.groups / 2);
    report({.trial_id = claim.trial_id,
            .evaluation = options_.suite,
            .claim = claim.attempt,
            .failure = end.failure,
            .message = end.message,
            .groups_beside = end.groups_beside});
  }
  if (!groups_.stopping()) groups_.note_start(group, !claims.empty());
  next_look_ = 0;
}

void EvaluationSupervisor::report(const EvaluationFailed& failure) {
  groups_.wait_out_full_disk([&] { reports_.append(failure, Flush::kNow); });
  state_.refresh();
}

void EvaluationSupervisor::start_groups() {
  if (!groups_.may_start()) return;
  // A group that has not claimed yet will take one of those that wait.
  auto standing = static_cast<std::int64_t>(groups_.standing().size());
  const auto at_work = std::ranges::count_if(running_, [this](const RunningTrial& trial) {
    return groups_.is_ours(trial.claim.owner.group);
  });
  std::int64_t missing = counts_.waiting - (standing - at_work);
  for (; missing > 0 && standing < options_.groups; --missing, ++standing) groups_.start(1);
}

}  // namespace headway
