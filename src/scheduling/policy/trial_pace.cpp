#include "scheduling/policy/trial_pace.h"

#include <algorithm>

namespace headway {
namespace {

constexpr double kStaysAllowed = 20;  // slowest stays so far
constexpr double kFloorSeconds = 60;

// Its stays say nothing of the work.
bool is_start(const std::string& phase) {
  return phase.empty() || phase == kLoading || phase == kPacking;
}

}  // namespace

void TrialPace::observe(const Progress& place, double now) {
  if (place_ && place_->same_place(place)) return;
  if (place_) {
    double& slowest = slowest_[place_->phase];
    slowest = std::max(slowest, now - since_);
  }
  place_ = place;
  since_ = now;
}

std::optional<double> TrialPace::slowest_seconds(const std::string& phase) const {
  const auto found = slowest_.find(phase);
  return found == slowest_.end() ? std::nullopt : std::optional(found->second);
}

void TrialPace::note_work(double when) {
  worked_at_ = std::max(worked_at_, when);
}

std::optional<double> TrialPace::slowest_seconds() const {
  std::optional<double> slowest;
  for (const auto& [phase, seconds] : slowest_) {
    if (!is_start(phase)) slowest = std::max(slowest.value_or(0), seconds);
  }
  return slowest;
}

double TrialPace::silent_seconds(double now) const {
  return place_ ? now - std::max(since_, worked_at_) : 0;
}

bool is_hung(const TrialPace& pace, double now, double bound_seconds) {
  const auto& place = pace.place();
  if (!place || waits_for_others(place->phase)) return false;
  const double standing = pace.standing_seconds(now);
  if (standing >= bound_seconds) return true;
  const bool starts = is_start(place->phase);
  const auto own = starts ? std::nullopt : pace.slowest_seconds(place->phase);
  const auto others = starts ? std::nullopt : pace.slowest_seconds();
  const double allowed = std::max(kFloorSeconds, kStaysAllowed * own.value_or(others.value_or(0)));
  return (own ? standing : pace.silent_seconds(now)) >= std::min(bound_seconds, allowed);
}

}  // namespace headway
