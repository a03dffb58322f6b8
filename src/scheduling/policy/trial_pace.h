#pragma once

#include <map>
#include <optional>
#include <string>

#include "scheduling/claims/claims.h"

namespace headway {

/// How fast a trial comes forward, from the places where it was seen: the longest it has stayed at
/// one place, apart for each phase, since a step, an evaluated batch and a checkpoint take their
/// own times.
class TrialPace {
 public:
  /// `place` as seen at `now` (seconds on any steady clock). Seen first, it counts as just reached.
  void observe(const Progress& place, double now);

  /// How long the trial has been at the place where it was seen last.
  double standing_seconds(double now) const { return place_ ? now - since_ : 0; }
  /// The longest stay that ended by going on, in `phase`; nothing before the first one.
  std::optional<double> slowest_seconds(const std::string& phase) const;
  const std::optional<Progress>& place() const { return place_; }

 private:
  std::optional<Progress> place_;
  double since_ = 0;
  std::map<std::string, double> slowest_;
};

/// How long a trial may stay where it is before it counts as hung: a multiple of its own slowest
/// stay in this phase, not below a minute (a loaded machine stutters) nor above `bound_seconds`,
/// which holds alone while nothing is known. Nothing where waiting is in order.
std::optional<double> hang_deadline_seconds(const TrialPace& pace, double bound_seconds);

}  // namespace headway
