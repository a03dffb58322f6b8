#include "runner/supervisor/supervisor.h"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/files.h"
#include "base/time.h"
#include "runner/attempt_end.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr double kSecondsBetweenLooks = 0.25;
constexpr double kSecondsBetweenSyncs = 10;
constexpr double kSecondsAfterIdleGroup = 1;
constexpr double kBadStartSeconds = 30;
constexpr int kBadStartsAllowed = 3;
constexpr std::size_t kLogTailLines = 15;
constexpr int kYieldedExitCode = 75;

std::string last_lines(const std::string& text, std::size_t count) {
  std::size_t begin = text.size();
  for (std::size_t lines = 0; begin > 0; --begin) {
    if (text[begin - 1] == '\n' && begin != text.size() && ++lines == count) break;
  }
  return text.substr(begin);
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, ProgressDisplay& display)
    : options_(std::move(options)),
      display_(display),
      presence_(options_.sweep_directory),
      reports_(options_.sweep_directory, "supervisor"),
      watch_(options_.sweep_directory, {options_.group.device, options_.group.threads_per_rank}),
      groups_(presence_, options_.group, options_.gpus),
      schedule_(options_.sweep_directory, presence_.id(), options_.limits),
      store_(options_.sweep_directory),
      started_at_(monotonic_seconds()) {}

SupervisorEnd Supervisor::run() {
  look();
  while (!is_over()) {
    heed_requests();
    for (const EndedGroup& group : groups_.reap()) bury(group);
    if (monotonic_seconds() >= next_look_) look();
    groups_.kill_hung(watch_.running(), options_.hang_seconds);
    if (!stopping_) start_groups();
    show();
    sync_store();
    std::this_thread::sleep_for(kTick);
  }
  ended_at_ = monotonic_seconds();
  display_.clear();
  store_.sync();
  return stopping_.value_or(SupervisorEnd::kFinished);
}

bool Supervisor::is_over() const {
  return groups_.empty() && (stopping_ || watch_.counts().open() == 0);
}

void Supervisor::look() {
  watch_.look(reports_);
  for (const TrialEvent& event : watch_.events()) display_.event(event);
  next_look_ = monotonic_seconds() + kSecondsBetweenLooks;
  is_schedule_due_ = true;
}

// A group that ends leaves no trial in the air: what it had claimed and not finished has failed, or
// was interrupted.
void Supervisor::bury(const EndedGroup& group) {
  look();
  const auto unfinished = watch_.unfinished_claims(group.name);
  const bool asked = stopping_ || group.end.exit_code == kYieldedExitCode;
  for (const ClaimView& claim : unfinished) {
    const std::string failure = group.was_hung ? "hung" : asked ? "preempted" : "crash";
    const std::string how =
        group.was_hung ? fmt::format("no progress for {}", format_duration(options_.hang_seconds))
                       : group.end.describe();
    append_attempt_end(reports_,
                       {.trial_id = claim.trial_id,
                        .attempt = claim.attempt,
                        .failure = failure,
                        .message = fmt::format("{}; see logs/{}.log", how, group.name),
                        .exit_code = group.end.exit_code});
  }
  if (!stopping_) note_start(group, !unfinished.empty() || watch_.has_worked(group.name));
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
  const bool died = group.end.exit_code != 0;
  if (!died || (group.lifetime_seconds > kBadStartSeconds && !group.was_hung)) return;
  if (++bad_starts_ < kBadStartsAllowed) return;
  display_.message(fmt::format("worker groups die before they take a trial ({}); the end of '{}':",
                               group.end.describe(),
                               group_log(options_.sweep_directory, group.name).string()));
  display_.message(log_tail(group.name));
  stop(SupervisorEnd::kBadStart);
}

std::string Supervisor::log_tail(const std::string& group) const {
  const auto log = group_log(options_.sweep_directory, group);
  return std::filesystem::exists(log) ? last_lines(read_text(log), kLogTailLines) : "";
}

void Supervisor::start_groups() {
  if (!std::exchange(is_schedule_due_, false)) return;
  schedule_.plan(watch_, groups_.standing());
  if (monotonic_seconds() >= next_start_) {
    const std::vector<int> widths = schedule_.widths_to_start();
    for (const int width : widths) groups_.start(width);
    if (!widths.empty()) schedule_.plan(watch_, groups_.standing());
  }
  schedule_.offer(watch_);
  if (groups_.empty() && watch_.counts().running > 0 && !told_of_waiting_) {
    told_of_waiting_ = true;
    display_.message(fmt::format("waiting for {} that groups of other supervisors hold",
                                 watch_.counts().running == 1
                                     ? "a trial"
                                     : fmt::format("{} trials", watch_.counts().running)));
  }
}

void Supervisor::heed_requests() {
  if (signals_.count() > 0) {
    stop(signals_.first() == SIGINT ? SupervisorEnd::kInterrupted : SupervisorEnd::kYielded);
  }
  const double now = monotonic_seconds();
  if (options_.time_limit_seconds && now - started_at_ >= *options_.time_limit_seconds) {
    stop(SupervisorEnd::kTimeLimit);
  }
  if (!stopping_) return;
  const bool out_of_patience = now - stopped_at_ >= options_.stop_patience_seconds;
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
  display_.show({.sweep = watch_.plan().name,
                 .counts = watch_.counts(),
                 .running = watch_.running(),
                 .remaining_seconds = schedule_.remaining_seconds(),
                 .stopping = stopping_.has_value()});
}

ScheduleReport Supervisor::report() const {
  const int slots = options_.limits.slots;
  return {.slots = slots,
          .groups = groups_.started(),
          .makespan_seconds = ended_at_ - started_at_,
          .lower_bound_seconds = makespan_lower_bound(watch_.work_of(presence_.id()), slots)};
}

}  // namespace headway
