#include "runner/supervisor/supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/exit_code.h"
#include "base/host.h"
#include "base/text.h"
#include "base/time.h"
#include "scheduling/policy/time_budget.h"
#include "sweep/reports.h"

namespace headway {
namespace {

constexpr std::size_t kClaimsLookedUp = 64;
constexpr double kSecondsBetweenWaitReports = 60;  // of one trial
constexpr double kSecondsWithoutWait = 2;          // before a trial counts as going on

SweepManifest plan_of(const SupervisorOptions& options) {
  return options.plan ? *options.plan : read_manifest(options.sweep_directory);
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, Launcher& launcher, ProgressDisplay& display)
    : options_(std::move(options)),
      display_(display),
      reports_(options_.sweep_directory, "supervisor"),
      snapshot_(options_.sweep_directory,
                {.plan = plan_of(options_),
                 .ranks = RankKind{options_.group.settings.device,
                                   options_.group.settings.threads_per_rank},
                 .claims_looked_up = kClaimsLookedUp}),
      groups_(options_.sweep_directory, options_.group, options_.timeouts, launcher, display),
      trials_(options_.sweep_directory, groups_.id()),
      schedule_(options_.sweep_directory, groups_.id(), options_.limits),
      store_(options_.headway, options_.sweep_directory, [this](const std::string& text) {
        display_.message(text);
      }) {}

SupervisorEnd Supervisor::run() {
  groups_.end_in_order([this] { serve(); });
  makespan_seconds_ = groups_.seconds();
  display_.clear();
  groups_.finish(store_);
  if (groups_.stopping()) return *groups_.stopping();
  if (snapshot_.counts().open() > 0) return end_by_time_limit();
  return snapshot_.counts().vanished > 0 ? SupervisorEnd::kReplaced : SupervisorEnd::kFinished;
}

// A script that repeats the command until nothing is left would do so for ever.
SupervisorEnd Supervisor::end_by_time_limit() {
  const auto limit = groups_.time_limit_seconds();
  const double needed = assumed_seconds_to_first_checkpoint();
  const bool is_too_short = limit && *limit < needed;
  if (!is_too_short || has_worked_ || snapshot_.counts().running > 0) {
    return groups_.end_of_time();
  }
  display_.message(fmt::format(
      "the time limit leaves {}, in which no trial can be started: it takes about {} to "
      "reach a first checkpoint. Give it more time (--time-limit, resources.time_limit)",
      format_duration(*limit),
      format_duration(needed)));
  return SupervisorEnd::kTooShort;
}

void Supervisor::serve() {
  groups_.ride_out_io_errors([this] {
    groups_.wait_out_full_disk([this] { trials_.publish(snapshot_.plan().trials); });
    look();
  });
  while (!is_over()) {
    groups_.ride_out_io_errors([this] { tick(); });
    show();
    store_.tend();
    std::this_thread::sleep_for(kTick);
  }
}

// May be repeated when it fails halfway.
void Supervisor::tick() {
  for (EndedGroup& group : groups_.reap()) ended_.push_back(std::move(group));
  for (; !ended_.empty(); ended_.pop_front()) handle_group_exit(ended_.front());
  if (monotonic_seconds() >= next_look_) look();
  groups_.watch(snapshot_.running());
  if (!groups_.stopping()) start_groups();
}

bool Supervisor::is_over() const {
  return groups_.empty() &&
         (groups_.stopping() || is_out_of_time_ || snapshot_.counts().open() == 0);
}

void Supervisor::look() {
  groups_.wait_out_full_disk([this] { snapshot_.refresh(reports_); });
  bool some_failed = false;
  for (const TrialEvent& event : snapshot_.events()) {
    display_.event(event);
    if (event.kind != TrialEvent::Kind::kFailed) continue;
    some_failed = true;
    limit_groups_by_memory(event.attempt);
  }
  if (some_failed) pause_on_common_failure();
  report_waits();
  report_vanished();
  next_look_ = monotonic_seconds() + kSecondsBetweenLooks;
  is_schedule_due_ = true;
}

void Supervisor::report_vanished() {
  const std::int64_t vanished = snapshot_.counts().vanished;
  if (vanished > reported_vanished_) {
    display_.message(
        fmt::format("another run has replaced the sweep's list of trials, which lacks {} of the {} "
                    "trials of this run: those are left out. Two runs with different overrides "
                    "need different names (name=...)",
                    vanished,
                    snapshot_.counts().total));
  }
  reported_vanished_ = vanished;
}

// Of what only others can end: a full disk, of which groups cannot even write in their logs, and
// locks that other processes hold.
void Supervisor::report_waits() {
  for (const RunningTrial& trial : snapshot_.running()) report_wait(trial);
  report_ends_of_waits();
}

// Between two tries to write, a trial shows what it tries.
void Supervisor::report_wait(const RunningTrial& trial) {
  const std::string& phase = trial.claim.progress.phase;
  if (!waits_for_others(phase)) return;
  const double now = monotonic_seconds();
  const auto [place, is_first] = waits_.try_emplace(trial.claim.trial_id);
  ReportedWait& wait = place->second;
  wait.seen_at = now;
  const bool is_news = is_first || wait.is_over || wait.phase != phase;
  if (!is_news || (!is_first && now - wait.reported_at < kSecondsBetweenWaitReports)) return;
  wait = {.phase = phase, .reported_at = now, .seen_at = now};
  display_.message(
      fmt::format("trial {} is {}: nothing is lost; {}, and it goes on by itself",
                  trial.claim.trial_id,
                  phase,
                  phase == kWaitingForDisk
                      ? fmt::format("make room for '{}'", options_.sweep_directory.string())
                      : "let that process go on, or end it"));
}

void Supervisor::report_ends_of_waits() {
  const double now = monotonic_seconds();
  for (auto& place : waits_) {
    ReportedWait& wait = place.second;
    if (wait.is_over || now - wait.seen_at < kSecondsWithoutWait) continue;
    wait.is_over = true;
    const TrialId& id = place.first;
    const bool is_running = std::ranges::any_of(
        snapshot_.running(),
        [&id](const RunningTrial& trial) { return trial.claim.trial_id == id; });
    if (is_running) display_.message(fmt::format("trial {} goes on", id));
  }
}

// Ranks of a group are the policy's concern; groups of this allocation side by side are ours.
void Supervisor::limit_groups_by_memory(const AttemptRecord& attempt) {
  const int beside = static_cast<int>(attempt.groups_beside.value_or(0));
  const bool is_ours = groups_.is_ours(attempt.worker_group);
  if (attempt.failure_class() != FailureClass::kOom || !is_ours || beside == 0) return;
  const int fewer = std::max(1, (beside + 1) / 2);
  if (!schedule_.limit_groups(fewer)) return;
  display_.message(
      fmt::format("the memory does not suffice for {} groups side by side; from now on at most {}",
                  beside + 1,
                  fewer));
}

void Supervisor::pause_on_common_failure() {
  if (groups_.stopping() || snapshot_.counts().open() == 0) return;
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
  groups_.stop(SupervisorEnd::kPaused);
}

Circumstances Supervisor::circumstances(const EndedGroup& group, const ClaimView& claim) const {
  Circumstances about = groups_.circumstances(group, claim);
  if (const auto index = snapshot_.find(claim.trial_id)) {
    const TrainingConfig training = snapshot_.plan().trials[*index].config().training;
    about.memory.shards = training.shards;
    about.memory.batch_size = training.batch_size;
    about.memory.sync_batch_norm = training.sync_batch_norm;
  }
  return about;
}

// A group that ends leaves no trial in the air: what it had claimed and not finished has failed, or
// was interrupted.
void Supervisor::handle_group_exit(const EndedGroup& group) {
  look();
  const auto unended = snapshot_.unended_claims(group.name);
  for (const ClaimView& claim : unended) {
    const AttemptEnd end = explain_end(group, claim, circumstances(group, claim));
    groups_.wait_out_full_disk([&] { report_attempt_end(reports_, end); });
  }
  is_out_of_time_ = is_out_of_time_ || group.end.exit_code == kExitTimeBudget;
  const bool took_a_trial = !unended.empty() || snapshot_.has_worked(group.name);
  has_worked_ = has_worked_ || took_a_trial;
  if (!groups_.stopping()) groups_.note_start(group, took_a_trial);
  next_look_ = 0;
}

void Supervisor::start_groups() {
  if (!is_schedule_due_) return;
  const auto left = groups_.seconds_left();
  is_out_of_time_ = is_out_of_time_ || (left && !worth_starting_group(*left));
  schedule_.plan(snapshot_, groups_.standing());
  if (groups_.may_start() && !is_out_of_time_) {
    const std::vector<int> widths = schedule_.widths_to_start();
    for (const int width : widths) groups_.start(width);
    if (!widths.empty()) schedule_.plan(snapshot_, groups_.standing());
    note_crowded_cores();
  }
  schedule_.publish(snapshot_);
  is_schedule_due_ = false;
  if (groups_.empty() && snapshot_.counts().running > 0 && !reported_waiting_) {
    reported_waiting_ = true;
    display_.message(fmt::format("waiting for {} that groups of other supervisors hold",
                                 snapshot_.counts().running == 1
                                     ? "a trial"
                                     : fmt::format("{} trials", snapshot_.counts().running)));
  }
}

// Groups of other supervisors on this machine count, too.
void Supervisor::note_crowded_cores() {
  const GroupSettings& settings = options_.group.settings;
  if (noted_crowded_cores_ || settings.device != "cpu" || options_.has_own_cores) return;
  std::int64_t ranks = 0;
  for (const OwnGroup& group : groups_.standing()) ranks += group.width;
  for (const RunningTrial& trial : snapshot_.running()) {
    const ClaimOwner& owner = trial.claim.owner;
    const bool is_here = owner.process.machine == this_process().machine;
    if (!trial.is_lost && is_here && !groups_.is_ours(owner.group)) ranks += trial.ranks();
  }
  const int cores = available_cores();
  if (ranks * settings.threads_per_rank <= cores) return;
  noted_crowded_cores_ = true;
  display_.message(
      fmt::format("note: {} with {} each share {} here: they hold each other up",
                  counted(static_cast<std::size_t>(ranks), "rank"),
                  counted(static_cast<std::size_t>(settings.threads_per_rank), "thread"),
                  counted(static_cast<std::size_t>(cores), "core")));
}

void Supervisor::show() {
  display_.show({.sweep = snapshot_.plan().name,
                 .counts = snapshot_.counts(),
                 .running = snapshot_.running(),
                 .remaining_seconds = schedule_.remaining_seconds(),
                 .stopping = groups_.stopping().has_value()});
}

ScheduleReport Supervisor::report() const {
  const int slots = options_.limits.slots;
  return {.slots = slots,
          .groups = groups_.started(),
          .makespan_seconds = makespan_seconds_,
          .lower_bound_seconds = makespan_lower_bound(snapshot_.work_of(groups_.id()), slots)};
}

}  // namespace headway
