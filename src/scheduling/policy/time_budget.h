#pragma once

#include <limits>

#include "scheduling/claims/claims.h"
#include "scheduling/policy/trial_pace.h"

namespace headway {

/// Decides for one worker group whether the time left until its limit suffices: no trial is begun
/// that could not reach a checkpoint, and a running one stops while there is time to write it.
/// Learns from the group's own trials how long starting, a step and a checkpoint take.
class TimeBudget {
 public:
  /// Without a limit there is always time.
  TimeBudget() = default;
  /// `limit_at`: on the clock that the other calls' `now` is of. `ranks` of the group: the end of
  /// mpirun, which starts several, takes its own time.
  explicit TimeBudget(double limit_at, int ranks = 1);

  void begin_trial(double now);
  void observe(const Progress& place, double now);

  /// Time for the step or evaluated batch at hand, the checkpoint, and leaving in order.
  double seconds_to_stop() const;
  /// Time from a claim to the first checkpoint.
  double seconds_to_first_checkpoint() const;

  bool may_start(double now) const { return limit_at_ - now > seconds_to_first_checkpoint(); }
  bool must_stop(double now) const { return limit_at_ - now <= seconds_to_stop(); }

 private:
  double limit_at_ = std::numeric_limits<double>::infinity();
  double leave_seconds_ = 0;
  TrialPace pace_;            // of the running trial
  double begun_at_ = 0;       // the running trial
  bool has_stepped_ = false;  // the running trial
  // Of all trials of this group.
  double slowest_start_ = 0;
  double slowest_stride_ = 0;  // a step or an evaluated batch
  double slowest_save_ = 0;
};

/// What a group takes from its start to the first checkpoint of its first trial, before anything is
/// measured.
double assumed_seconds_to_first_checkpoint();

/// The same from outside, where no trial's own times are known: whether a group that were started
/// now would get anywhere.
bool worth_starting_group(double seconds_left);

}  // namespace headway
