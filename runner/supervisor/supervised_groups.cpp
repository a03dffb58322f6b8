#include "runner/supervisor/supervised_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <thread>
#include <utility>

#include "base/exit_code.h"
#include "base/input_output_error.h"
#include "base/retry_after_io_errors.h"
#include "base/retry_while_disk_full.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "base/time.h"
#include "scheduling/claims/crash_report.h"

namespace headway {
namespace {

constexpr int kIdleStartsAllowed = 8;
constexpr double kLongestIdleFactor = 60;
constexpr double kBadStartSeconds = 30;
constexpr int kBadStartsAllowed = 3;
constexpr std::uint64_t kLogTailLines = 15;
// Not above what counts as awake time between two looks.
constexpr double kSecondsBetweenLooksAtOrphans = AwakeClock::kLongestGapSeconds;
// Once they are asked to leave: mpirun that has started its ranks by then passes the request on.
constexpr double kSecondsForRanks = 2;
// Groups leave by themselves before the limit. Those that do not are asked shortly before it and
// killed at it.
constexpr double kLastCallSeconds = 5;
constexpr double kLastCallShare = 0.1;  // of the limit, when that is less
// For the results store at the end: at most, and at least where the time limit leaves less; and
// when someone waits for the end.
constexpr double kStoreSeconds = 60;
constexpr double kLeastStoreSeconds = 0.5;
constexpr double kStoreSecondsWhenAsked = 2;
constexpr double kSecondsBetweenDiskMessages = 60;

GroupSpec with_stop_seconds(GroupSpec pattern, double stop_seconds) {
  pattern.settings.stop_seconds = stop_seconds;
  return pattern;
}

bool is_bad_start(const EndedGroup& group) {
  const int code = group.end.exit_code;
  const bool died = code != kExitDone && code != kExitYielded && code != kExitTimeBudget;
  return died && (group.lifetime_seconds <= kBadStartSeconds || group.was_hung);
}

}  // namespace

std::string end_text(SupervisorEnd end) {
  switch (end) {
    case SupervisorEnd::kInterrupted:
      return "interrupted; the same command goes on from here";
    case SupervisorEnd::kYielded:
      return "stopped on request; the same command goes on from here";
    case SupervisorEnd::kTimeLimit:
      return "time limit reached; the same command goes on from here";
    case SupervisorEnd::kJobEnds:
      return "the Slurm job's time is nearly over; the same command goes on from here";
    case SupervisorEnd::kTooShort:
      return "nothing started";
    case SupervisorEnd::kBadStart:
      return "given up";
    case SupervisorEnd::kRefused:
      return "refused";
    case SupervisorEnd::kPaused:
      return "paused";
    case SupervisorEnd::kFolderGone:
      return "ended, as the sweep's folder is gone";
    case SupervisorEnd::kReplaced:
      return "ended, as another run has replaced the sweep's trials";
    case SupervisorEnd::kFinished:
      break;
  }
  return "finished";
}

int exit_code(SupervisorEnd end, const TrialCounts& counts) {
  switch (end) {
    case SupervisorEnd::kInterrupted:
      return kExitInterrupted;
    case SupervisorEnd::kYielded:
    case SupervisorEnd::kJobEnds:
      return kExitYielded;
    case SupervisorEnd::kTimeLimit:
      return kExitTimeBudget;
    case SupervisorEnd::kRefused:
    case SupervisorEnd::kTooShort:
      return kExitUsage;
    case SupervisorEnd::kBadStart:
    case SupervisorEnd::kPaused:
    case SupervisorEnd::kFolderGone:
    case SupervisorEnd::kReplaced:
      return kExitFailed;
    case SupervisorEnd::kFinished:
      break;
  }
  return counts.failed > 0 ? kExitFailed : kExitDone;
}

SupervisedGroups::SupervisedGroups(const std::filesystem::path& root,
                                   const GroupSpec& pattern,
                                   const GroupTimeouts& timeouts,
                                   Launcher& launcher,
                                   ProgressDisplay& display)
    : root_(root),
      sweep_directory_(pattern.settings.sweep_directory),
      timeouts_(timeouts),
      launcher_(launcher),
      display_(display),
      folder_(sweep_directory_),
      presence_(root),
      groups_(presence_, launcher, with_stop_seconds(pattern, timeouts.stop_seconds)),
      orphans_(pattern.settings.sweep_directory, launcher),
      started_at_(monotonic_seconds()) {}

std::vector<EndedGroup> SupervisedGroups::reap() {
  if (is_folder_gone()) throw EnvironmentError("the sweep's folder is gone");
  handle_stop_signals();
  end_orphans();
  return groups_.reap();
}

void SupervisedGroups::end_orphans() {
  if (monotonic_seconds() < next_look_at_orphans_) return;
  next_look_at_orphans_ = monotonic_seconds() + kSecondsBetweenLooksAtOrphans;
  for (const std::string& message : orphans_.look()) display_.message(message);
}

void SupervisedGroups::watch(const std::vector<RunningTrial>& running) {
  groups_.watch(running, timeouts_.hang_seconds);
}

void SupervisedGroups::handle_stop_signals() {
  if (signals_.count() > 0) {
    stop(signals_.first() == SIGINT ? SupervisorEnd::kInterrupted : SupervisorEnd::kYielded);
  }
  const auto left = seconds_left();
  const double last_call = std::min(
      kLastCallSeconds, kLastCallShare * timeouts_.time_limit_seconds.value_or(kLastCallSeconds));
  if (left && *left <= last_call) stop(end_of_time());
  if (!stopping_) return;
  const bool timed_out =
      monotonic_seconds() - stopped_at_ >= timeouts_.stop_seconds || (left && *left <= 0);
  if (signals_.count() > 1 || timed_out) groups_.kill_all();
  if (monotonic_seconds() < next_look_at_ranks_) return;
  next_look_at_ranks_ = monotonic_seconds() + kSecondsForRanks;
  groups_.kill_without_ranks();
}

void SupervisedGroups::note_start(const EndedGroup& group, bool took_a_trial) {
  if (group.end.exit_code == kExitUsage) {  // another group would refuse as well
    show_log_of(group, "a worker group refuses to go on");
    return stop(SupervisorEnd::kRefused);
  }
  const bool is_of_the_disk = group.end.exit_code == kExitDiskFailed;
  if (took_a_trial && !is_of_the_disk) {
    bad_starts_ = 0;
    idle_starts_ = 0;
    return;
  }
  const double pause = std::min(std::ldexp(1.0, idle_starts_), kLongestIdleFactor);
  next_start_ = monotonic_seconds() + timeouts_.idle_seconds * pause;
  if (is_of_the_disk || is_bad_start(group)) {
    if (++bad_starts_ >= kBadStartsAllowed) {
      give_up(group,
              is_of_the_disk ? "the disk fails worker groups"
                             : "worker groups die before they take a trial");
    }
    return;
  }
  bad_starts_ = 0;
  if (group.end.exit_code == kExitDone && ++idle_starts_ >= kIdleStartsAllowed) {
    give_up(group, "worker groups find no trial to take, though some are left");
  }
}

void SupervisedGroups::give_up(const EndedGroup& group, const std::string& why) {
  show_log_of(group, fmt::format("{} ({})", why, group.end.describe()));
  stop(SupervisorEnd::kBadStart);
}

void SupervisedGroups::show_log_of(const EndedGroup& group, const std::string& why) {
  const auto log = SweepLayout(sweep_directory_).group_log(GroupName(group.name));
  display_.message(fmt::format("{}; the end of '{}':", why, log.string()));
  display_.message(fmt::format("{}", fmt::join(last_lines(log, kLogTailLines), "\n")));
}

void SupervisedGroups::stop(SupervisorEnd reason) {
  if (stopping_) return;
  stopping_ = reason;
  stopped_at_ = monotonic_seconds();
  next_look_at_ranks_ = stopped_at_ + kSecondsForRanks;
  groups_.ask_to_yield();
}

bool SupervisedGroups::may_start() const {
  return !stopping_ && monotonic_seconds() >= next_start_;
}

void SupervisedGroups::start(int width) {
  wait_out_full_disk([&] { groups_.start(width, seconds_left()); });
}

Circumstances SupervisedGroups::circumstances(const EndedGroup& group,
                                              const ClaimView& claim) const {
  return {.was_asked = stopping_.has_value(),
          .report = first_crash_report(root_, claim.trial_id, claim.attempt),
          .memory = {.peak_bytes = group.memory.peak_bytes,
                     .resident_bytes = group.memory.resident_bytes,
                     .available_bytes = launcher_.available_memory_bytes(),
                     .ranks = claim.owner.world_size,
                     .groups_beside = static_cast<int>(groups_.standing().size())}};
}

double SupervisedGroups::seconds() const {
  return monotonic_seconds() - started_at_;
}

std::optional<double> SupervisedGroups::seconds_left() const {
  if (!timeouts_.time_limit_seconds) return std::nullopt;
  return *timeouts_.time_limit_seconds - seconds();
}

void SupervisedGroups::wait_out_full_disk(const std::function<void()>& action) {
  retry_while_disk_full(action,
                        {.began =
                             [this](const std::string& what) {
                               display_.message(what + "; waiting until there is room");
                             },
                         .ended = [this] { display_.message("there is room again: going on"); },
                         .give_up = [this] { return signals_.count() > 0; }});
}

void SupervisedGroups::ride_out_io_errors(const std::function<void()>& action) {
  const auto tell = [this](const std::string& what) {
    if (monotonic_seconds() < next_message_) return;
    next_message_ = monotonic_seconds() + kSecondsBetweenDiskMessages;
    display_.message(what + "; trying again");
  };
  retry_after_io_errors(
      action, {.failed = tell, .give_up = [this] { return stopping_ && groups_.empty(); }});
}

void SupervisedGroups::end_in_order(const std::function<void()>& serve) {
  const auto leave_by = [this](const EnvironmentError& error) {
    leave();
    if (stopping_) display_.message(error.what());  // the next run settles what the groups left
    return stopping_.has_value();
  };
  try {
    serve();
  } catch (const InputOutputError& error) {
    if (!leave_by(error)) throw;
  } catch (const StoppedOnFullDisk& error) {
    if (!leave_by(error)) throw;
  } catch (const std::exception&) {  // also whatever failed for want of the folder
    if (!is_folder_gone()) throw;
    end_without_folder();
  }
}

void SupervisedGroups::end_without_folder() {
  stopping_ = SupervisorEnd::kFolderGone;
  display_.message(
      fmt::format("the sweep's folder '{}' is gone or was replaced; nothing more is written there, "
                  "and the worker groups are ended",
                  sweep_directory_.string()));
  groups_.kill_all();
  while (!groups_.empty()) {
    groups_.reap();
    std::this_thread::sleep_for(kTick);
  }
}

void SupervisedGroups::leave() {
  handle_stop_signals();
  const double asked_at = monotonic_seconds();
  groups_.ask_to_yield();
  while (!groups_.empty()) {
    groups_.reap();
    const bool timed_out = monotonic_seconds() - asked_at >= timeouts_.stop_seconds;
    if (timed_out || signals_.count() > 1) groups_.kill_all();
    std::this_thread::sleep_for(kTick);
  }
}

void SupervisedGroups::finish(StoreSync& store) const {
  if (stopping_ == SupervisorEnd::kFolderGone) return;
  const int requests = signals_.count();
  const double most = requests > 0 ? kStoreSecondsWhenAsked : kStoreSeconds;
  store.finish(std::clamp(seconds_left().value_or(most), kLeastStoreSeconds, most),
               [&] { return signals_.count() > requests; });
}

}  // namespace headway
