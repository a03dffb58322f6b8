#include "runner/supervisor/supervisor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/files.h"
#include "base/retry_while_disk_full.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/cli/verb.h"
#include "scheduling/policy/time_budget.h"
#include "sweep/reports.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr double kSecondsBetweenLooks = 0.25;
constexpr double kSecondsBetweenSyncs = 10;
constexpr double kSecondsAfterIdleGroup = 1;
constexpr double kBadStartSeconds = 30;
constexpr int kBadStartsAllowed = 3;
constexpr std::uint64_t kLogTailLines = 15;
constexpr std::size_t kClaimsLookedUp = 64;
// Groups leave by themselves before the limit. Those that do not are asked shortly before it and
// killed at it.
constexpr double kLastCallSeconds = 5;
constexpr double kLastCallShare = 0.1;  // of the limit, when that is less

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, Launcher& launcher, ProgressDisplay& display)
    : options_(std::move(options)),
      launcher_(launcher),
      display_(display),
      presence_(options_.sweep_directory),
      reports_(options_.sweep_directory, "supervisor"),
      snapshot_(options_.sweep_directory,
                {.ranks = RankKind{options_.group.settings.device,
                                   options_.group.settings.threads_per_rank},
                 .claims_looked_up = kClaimsLookedUp}),
      groups_(presence_, launcher_, options_.group),
      schedule_(options_.sweep_directory, presence_.id(), options_.limits),
      store_(options_.sweep_directory),
      started_at_(monotonic_seconds()) {}

SupervisorEnd Supervisor::run() {
  look();
  while (!is_over()) {
    handle_stop_signals();
    for (const EndedGroup& group : groups_.reap()) handle_group_exit(group);
    if (monotonic_seconds() >= next_look_) look();
    groups_.watch(snapshot_.running(), options_.hang_seconds);
    if (!stopping_) start_groups();
    show();
    sync_store();
    std::this_thread::sleep_for(kTick);
  }
  ended_at_ = monotonic_seconds();
  display_.clear();
  store_.sync();
  if (stopping_) return *stopping_;
  return snapshot_.counts().open() > 0 ? SupervisorEnd::kTimeLimit : SupervisorEnd::kFinished;
}

bool Supervisor::is_over() const {
  return groups_.empty() && (stopping_ || is_out_of_time_ || snapshot_.counts().open() == 0);
}

std::optional<double> Supervisor::seconds_left() const {
  if (!options_.time_limit_seconds) return std::nullopt;
  return *options_.time_limit_seconds - (monotonic_seconds() - started_at_);
}

void Supervisor::look() {
  wait_out_full_disk([this] { snapshot_.refresh(reports_); });
  bool some_failed = false;
  for (const TrialEvent& event : snapshot_.events()) {
    display_.event(event);
    if (event.kind != TrialEvent::Kind::kFailed) continue;
    some_failed = true;
    limit_groups_by_memory(event.attempt);
  }
  if (some_failed) pause_on_common_failure();
  report_full_disk();
  next_look_ = monotonic_seconds() + kSecondsBetweenLooks;
  is_schedule_due_ = true;
}

// Groups have no room for it in their logs.
void Supervisor::report_full_disk() {
  const auto& running = snapshot_.running();
  const auto waiting = std::find_if(running.begin(), running.end(), [](const RunningTrial& trial) {
    return trial.claim.progress.phase == kWaitingForDisk;
  });
  if (waiting == running.end()) {
    reported_full_disk_ = false;
  } else if (!reported_full_disk_) {
    reported_full_disk_ = true;
    display_.message(fmt::format(
        "trial {} waits for disk space: nothing is lost; make room for '{}', and it goes "
        "on by itself",
        waiting->claim.trial_id,
        options_.sweep_directory.string()));
  }
}

void Supervisor::wait_out_full_disk(const std::function<void()>& action) {
  retry_while_disk_full(action,
                        {.began =
                             [this](const std::string& what) {
                               display_.message(what + "; waiting until there is room");
                             },
                         .ended = [this] { display_.message("there is room again: going on"); },
                         .give_up = [this] { return signals_.count() > 0; }});
}

// Ranks of a group are the policy's concern; groups of this allocation side by side are ours.
void Supervisor::limit_groups_by_memory(const AttemptRecord& attempt) {
  const int beside = static_cast<int>(attempt.groups_beside.value_or(0));
  const bool is_ours = attempt.worker_group.starts_with(presence_.id());
  if (attempt.failure_class() != FailureClass::kOom || !is_ours || beside == 0) return;
  const int fewer = std::max(1, (beside + 1) / 2);
  if (!schedule_.limit_groups(fewer)) return;
  display_.message(
      fmt::format("the memory does not suffice for {} groups side by side; from now on at most {}",
                  beside + 1,
                  fewer));
}

void Supervisor::pause_on_common_failure() {
  if (stopping_ || snapshot_.counts().open() == 0) return;
  const auto error = snapshot_.pausing_error();
  if (!error) return;
  display_.message(fmt::format(
      "paused: the first {} trials ended by the same error, {}: {}\n"
      "the others would fail too. Mend it and run the same command again, which tries these trials "
      "anew; `headway why {}` tells more",
      kTrialsThatPause,
      error->failure,
      error->message,
      error->trial_ids.front()));
  stop(SupervisorEnd::kPaused);
}

Circumstances Supervisor::circumstances(const EndedGroup& group, const ClaimView& claim) const {
  const auto index = snapshot_.find(claim.trial_id);
  const TrainingConfig training =
      index ? snapshot_.plan().trials[*index].config().training : TrainingConfig{};
  return {.was_asked = stopping_.has_value(),
          .report = first_crash_report(options_.sweep_directory, claim.trial_id, claim.attempt),
          .memory = {.peak_bytes = group.memory.peak_bytes,
                     .resident_bytes = group.memory.resident_bytes,
                     .available_bytes = launcher_.available_memory_bytes(),
                     .ranks = claim.owner.world_size,
                     .groups_beside = static_cast<int>(groups_.standing().size()),
                     .shards = training.shards,
                     .batch_size = training.batch_size,
                     .sync_batch_norm = training.sync_batch_norm}};
}

// A group that ends leaves no trial in the air: what it had claimed and not finished has failed, or
// was interrupted.
void Supervisor::handle_group_exit(const EndedGroup& group) {
  look();
  const auto unended = snapshot_.unended_claims(group.name);
  for (const ClaimView& claim : unended) {
    const AttemptEnd end = explain_end(group, claim, circumstances(group, claim));
    wait_out_full_disk([&] { report_attempt_end(reports_, end); });
  }
  is_out_of_time_ = is_out_of_time_ || group.end.exit_code == kExitTimeBudget;
  if (!stopping_) note_start(group, !unended.empty() || snapshot_.has_worked(group.name));
  look();
}

// Groups that die at once, before they take a trial, would do so for ever: a library is missing, or
// the data.
void Supervisor::note_start(const EndedGroup& group, bool took_a_trial) {
  if (took_a_trial) {
    bad_starts_ = 0;
    return;
  }
  next_start_ = monotonic_seconds() + kSecondsAfterIdleGroup;
  const bool died = group.end.exit_code != 0 && group.end.exit_code != kExitYielded &&
                    group.end.exit_code != kExitTimeBudget;
  if (!died || (group.lifetime_seconds > kBadStartSeconds && !group.was_hung)) return;
  if (++bad_starts_ < kBadStartsAllowed) return;
  const auto log = SweepLayout(options_.sweep_directory).group_log(group.name);
  display_.message(fmt::format("worker groups die before they take a trial ({}); the end of '{}':",
                               group.end.describe(),
                               log.string()));
  display_.message(fmt::format("{}", fmt::join(last_lines(log, kLogTailLines), "\n")));
  stop(SupervisorEnd::kBadStart);
}

void Supervisor::start_groups() {
  if (!std::exchange(is_schedule_due_, false)) return;
  const auto left = seconds_left();
  is_out_of_time_ = is_out_of_time_ || (left && !worth_starting_group(*left));
  schedule_.plan(snapshot_, groups_.standing());
  if (monotonic_seconds() >= next_start_ && !is_out_of_time_) {
    const std::vector<int> widths = schedule_.widths_to_start();
    for (const int width : widths) groups_.start(width, left);
    if (!widths.empty()) schedule_.plan(snapshot_, groups_.standing());
  }
  schedule_.publish(snapshot_);
  if (groups_.empty() && snapshot_.counts().running > 0 && !reported_waiting_) {
    reported_waiting_ = true;
    display_.message(fmt::format("waiting for {} that groups of other supervisors hold",
                                 snapshot_.counts().running == 1
                                     ? "a trial"
                                     : fmt::format("{} trials", snapshot_.counts().running)));
  }
}

void Supervisor::handle_stop_signals() {
  if (signals_.count() > 0) {
    stop(signals_.first() == SIGINT ? SupervisorEnd::kInterrupted : SupervisorEnd::kYielded);
  }
  const auto left = seconds_left();
  const double last_call = std::min(
      kLastCallSeconds, kLastCallShare * options_.time_limit_seconds.value_or(kLastCallSeconds));
  if (left && *left <= last_call) stop(SupervisorEnd::kTimeLimit);
  if (!stopping_) return;
  const bool out_of_patience =
      monotonic_seconds() - stopped_at_ >= options_.stop_patience_seconds || (left && *left <= 0);
  if (signals_.count() > 1 || out_of_patience) groups_.kill_all();
}

void Supervisor::stop(SupervisorEnd reason) {
  if (stopping_) return;
  stopping_ = reason;
  stopped_at_ = monotonic_seconds();
  groups_.ask_to_yield();
}

// Whoever asks for results meanwhile brings the store up to date himself, so a failure here costs
// nothing; at the end it is an error.
void Supervisor::sync_store() {
  if (monotonic_seconds() < next_sync_) return;
  next_sync_ = monotonic_seconds() + kSecondsBetweenSyncs;
  try {
    store_.sync();
  } catch (const StoreError& error) {
    display_.message(fmt::format("results store not brought up to date: {}", error.what()));
  }
}

void Supervisor::show() {
  display_.show({.sweep = snapshot_.plan().name,
                 .counts = snapshot_.counts(),
                 .running = snapshot_.running(),
                 .remaining_seconds = schedule_.remaining_seconds(),
                 .stopping = stopping_.has_value()});
}

ScheduleReport Supervisor::report() const {
  const int slots = options_.limits.slots;
  return {.slots = slots,
          .groups = groups_.started(),
          .makespan_seconds = ended_at_ - started_at_,
          .lower_bound_seconds = makespan_lower_bound(snapshot_.work_of(presence_.id()), slots)};
}

}  // namespace headway
