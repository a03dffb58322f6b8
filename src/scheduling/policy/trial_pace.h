#pragma once

#include <map>
#include <optional>
#include <string>

#include "scheduling/claims/claims.h"

namespace headway {

/// How fast a trial comes forward, from the places where it was seen: the longest it has stayed at
/// one place, apart for each phase, since a step, an evaluated batch and a checkpoint take their
/// own times. Besides, when its processes were last seen to work, wherever they are.
class TrialPace {
 public:
  /// `place` as seen at `now` (seconds on any steady clock). Seen first, it counts as just reached.
  void observe(const Progress& place, double now);
  /// All its processes were still at work at `when`.
  void note_work(double when);

  /// How long the trial has been at the place where it was seen last.
  double standing_seconds(double now) const { return place_ ? now - since_ : 0; }
  /// The longest stay that ended by going on, in `phase`; nothing before the first one.
  std::optional<double> slowest_seconds(const std::string& phase) const;
  /// Likewise in any phase of the work, which begins when all is loaded.
  std::optional<double> slowest_seconds() const;
  /// How long there has been no sign of life: neither another place nor processes at work.
  double silent_seconds(double now) const;
  const std::optional<Progress>& place() const { return place_; }

 private:
  std::optional<Progress> place_;
  double since_ = 0;
  double worked_at_ = 0;
  std::map<std::string, double> slowest_;
};

/// Whether a trial has stayed too long where it is: for a multiple of its own slowest stay in this
/// phase, not below a minute (a loaded machine stutters) nor above `bound_seconds`. A phase that it
/// has not been in before borrows the pace of the others, but only silence counts: nobody knows yet
/// how long a step takes here. At the start, until all is loaded, a minute of silence is too much.
bool is_hung(const TrialPace& pace, double now, double bound_seconds);

}  // namespace headway
