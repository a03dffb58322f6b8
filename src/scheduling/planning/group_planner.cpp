#include "scheduling/planning/group_planner.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "base/errors.h"
#include "base/limits.h"
#include "scheduling/planning/slot_timeline.h"

namespace headway {
namespace {

constexpr std::size_t kTrialsPlacedOneByOne = 128;
// Trying each change of each trial costs the square of their number.
constexpr std::size_t kTrialsTriedOneByOne = 32;
constexpr int kRoundsOfSingleChanges = 3;
constexpr double kTie = 1e-9;

/// Widths as powers of two: 0 is one rank.
using Exponents = std::vector<int>;

int floor_log2(int number) {
  return static_cast<int>(std::bit_width(static_cast<unsigned>(std::max(number, 1)))) - 1;
}

/// How wide a trial may run.
struct Range {
  int narrowest = 0;
  int widest = 0;
};

Range width_range(const GroupLimits& limits, const SecondsByWidth& trial) {
  expects(!trial.seconds.empty(), "a waiting trial runs at least on one width of group");
  const int fewest = floor_log2(trial.fewest_ranks);
  const int most = fewest + static_cast<int>(trial.seconds.size()) - 1;
  const auto at_most = [&](int ranks) { return std::clamp(floor_log2(ranks), fewest, most); };
  if (limits.ranks) return {at_most(*limits.ranks), at_most(*limits.ranks)};
  if (!limits.max_groups) return {fewest, at_most(limits.slots)};
  // So few groups leave slots idle: each trial gets what its group's share of them is good for.
  const auto begin = trial.seconds.begin();
  const auto end = begin + at_most(slots_of_a_group(limits)) - fewest + 1;
  const int best = fewest + static_cast<int>(std::min_element(begin, end) - begin);
  return {best, best};
}

double seconds_on(const SecondsByWidth& trial, int exponent) {
  return trial.seconds[static_cast<std::size_t>(exponent - floor_log2(trial.fewest_ranks))];
}

class Planner {
 public:
  explicit Planner(const GroupLoad& load) : load_(load) {
    for (const SecondsByWidth& trial : load.waiting) {
      ranges_.push_back(width_range(load.limits, trial));
    }
  }

  GroupPlan plan();

 private:
  double seconds(std::size_t trial, int exponent) const {
    return seconds_on(load_.waiting[trial], exponent);
  }
  GroupPlan placed(const std::vector<std::size_t>& order, const Exponents& widths) const;
  GroupPlan best_order(const Exponents& widths) const;
  double least_makespan() const;
  std::optional<std::size_t> last_to_widen(const GroupPlan& plan, const Exponents& widths) const;
  void widen_the_last(Exponents& best_widths, GroupPlan& best) const;
  bool try_width(std::size_t trial, int exponent, Exponents& widths, GroupPlan& best) const;
  void change_one_by_one(Exponents& widths, GroupPlan& best) const;

  const GroupLoad& load_;
  std::vector<Range> ranges_;
};

GroupPlan Planner::placed(const std::vector<std::size_t>& order, const Exponents& widths) const {
  SlotTimeline timeline(load_);
  GroupPlan plan;
  for (const std::size_t trial : order) {
    Placement placement = timeline.place(1 << widths[trial], seconds(trial, widths[trial]));
    placement.trial = trial;
    plan.placements.push_back(placement);
  }
  plan.makespan_seconds = timeline.end_seconds(load_.later_seconds);
  return plan;
}

// Wide trials find their slots free at one time best before all others or after them.
GroupPlan Planner::best_order(const Exponents& widths) const {
  std::vector<std::size_t> order(widths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  GroupPlan best = placed(order, widths);
  if (std::adjacent_find(widths.begin(), widths.end(), std::not_equal_to<>()) == widths.end()) {
    return best;
  }
  const auto consider = [&](const auto& before) {
    std::vector<std::size_t> sorted = order;
    std::stable_sort(sorted.begin(), sorted.end(), before);
    GroupPlan plan = placed(sorted, widths);
    if (plan.makespan_seconds < best.makespan_seconds - kTie) best = std::move(plan);
  };
  consider(
      [&](std::size_t a, std::size_t b) { return seconds(a, widths[a]) > seconds(b, widths[b]); });
  consider([&](std::size_t a, std::size_t b) { return widths[a] < widths[b]; });
  consider([&](std::size_t a, std::size_t b) { return widths[a] > widths[b]; });
  return best;
}

/// No plan ends sooner: all slots busy to the end with trials on their fewest ranks.
double Planner::least_makespan() const {
  double work = load_.later_seconds;
  for (const SecondsByWidth& trial : load_.waiting) work += trial.slot_seconds();
  return SlotTimeline(load_).end_seconds(work);
}

/// Of the trials that end with the plan, one that more ranks would shorten.
std::optional<std::size_t> Planner::last_to_widen(const GroupPlan& plan,
                                                  const Exponents& widths) const {
  for (const Placement& placement : plan.placements) {
    const std::size_t trial = placement.trial;
    const int width = widths[trial];
    if (placement.end_seconds < plan.makespan_seconds - kTie) continue;
    if (width == ranges_[trial].widest) continue;
    if (seconds(trial, width + 1) < seconds(trial, width)) return trial;
  }
  return std::nullopt;
}

// A step may gain nothing by itself: of two trials that end last, both must get wider.
void Planner::widen_the_last(Exponents& best_widths, GroupPlan& best) const {
  Exponents widths = best_widths;
  GroupPlan plan = best;
  while (const auto trial = last_to_widen(plan, widths)) {
    ++widths[*trial];
    plan = best_order(widths);
    if (plan.makespan_seconds < best.makespan_seconds - kTie) {
      best = plan;
      best_widths = widths;
    }
  }
}

bool Planner::try_width(std::size_t trial, int exponent, Exponents& widths, GroupPlan& best) const {
  if (exponent < ranges_[trial].narrowest || exponent > ranges_[trial].widest) return false;
  const int before = std::exchange(widths[trial], exponent);
  GroupPlan plan = best_order(widths);
  if (plan.makespan_seconds < best.makespan_seconds - kTie) {
    best = std::move(plan);
    return true;
  }
  widths[trial] = before;
  return false;
}

void Planner::change_one_by_one(Exponents& widths, GroupPlan& best) const {
  bool changed = widths.size() <= kTrialsTriedOneByOne;
  for (int round = 0; changed && round < kRoundsOfSingleChanges; ++round) {
    changed = false;
    for (std::size_t trial = 0; trial < widths.size(); ++trial) {
      for (const int step : {1, -1}) {
        changed |= try_width(trial, widths[trial] + step, widths, best);
      }
    }
  }
}

GroupPlan Planner::plan() {
  Exponents widths;
  for (const Range& range : ranges_) widths.push_back(range.narrowest);
  GroupPlan chosen = best_order(widths);
  const double worthwhile = chosen.makespan_seconds * (1 - load_.least_gain);
  if (least_makespan() < worthwhile - kTie) {
    GroupPlan best = chosen;
    widen_the_last(widths, best);
    change_one_by_one(widths, best);
    if (best.makespan_seconds < worthwhile) chosen = std::move(best);
  }
  std::stable_sort(
      chosen.placements.begin(),
      chosen.placements.end(),
      [](const Placement& a, const Placement& b) { return a.start_seconds < b.start_seconds; });
  return chosen;
}

}  // namespace

GroupLimits group_limits(int slots, std::optional<int> ranks, std::optional<int> max_groups) {
  const auto asked = static_cast<int>(
      std::min<std::int64_t>(std::int64_t{max_groups.value_or(1)} * ranks.value_or(1), kMostRanks));
  return {std::max({1, slots, asked}), ranks, max_groups};
}

int slots_of_a_group(const GroupLimits& limits) {
  return limits.max_groups ? std::max(1, limits.slots / *limits.max_groups) : 1;
}

GroupPlan plan_groups(const GroupLoad& load) {
  return Planner(load).plan();
}

void set_waiting(GroupLoad& load, std::vector<SecondsByWidth> longest_first) {
  for (std::size_t i = kTrialsPlacedOneByOne; i < longest_first.size(); ++i) {
    const int exponent = width_range(load.limits, longest_first[i]).narrowest;
    load.later_seconds += seconds_on(longest_first[i], exponent) *
                          std::max(1 << exponent, slots_of_a_group(load.limits));
  }
  if (longest_first.size() > kTrialsPlacedOneByOne) longest_first.resize(kTrialsPlacedOneByOne);
  load.waiting = std::move(longest_first);
}

std::vector<int> GroupPlan::widths_to_start() const {
  std::vector<int> widths;
  for (const Placement& placement : placements) {
    if (placement.is_ours && placement.needs_new_group && placement.start_seconds <= 0) {
      widths.push_back(placement.width);
    }
  }
  return widths;
}

std::vector<Placement> offered_placements(const GroupPlan& plan) {
  double first_wide_start = std::numeric_limits<double>::infinity();
  for (const Placement& placement : plan.placements) {
    if (placement.width > 1 && placement.needs_new_group) {
      first_wide_start = std::min(first_wide_start, placement.start_seconds);
    }
  }
  std::vector<Placement> offered;
  for (const Placement& placement : plan.placements) {
    const bool keeps_a_slot = placement.width == 1 && placement.start_seconds > first_wide_start;
    if (!keeps_a_slot) offered.push_back(placement);
  }
  return offered;
}

}  // namespace headway
