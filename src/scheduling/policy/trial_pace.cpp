#include "scheduling/policy/trial_pace.h"

#include <algorithm>

namespace headway {
namespace {

constexpr double kStaysAllowed = 20;  // slowest stays so far
constexpr double kFloorSeconds = 60;

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

std::optional<double> hang_deadline_seconds(const TrialPace& pace, double bound_seconds) {
  const auto& place = pace.place();
  if (place && waits_for_others(place->phase)) return std::nullopt;
  const auto slowest = place ? pace.slowest_seconds(place->phase) : std::nullopt;
  if (!slowest) return bound_seconds;
  return std::min(bound_seconds, std::max(kFloorSeconds, kStaysAllowed * *slowest));
}

}  // namespace headway
