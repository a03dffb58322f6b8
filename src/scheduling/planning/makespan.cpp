#include "scheduling/planning/makespan.h"

#include <algorithm>

#include "base/errors.h"

namespace headway {

double makespan_lower_bound(const std::vector<TrialWork>& trials, int slots) {
  expects(slots >= 1, "trials run on at least one slot");
  double sum = 0;
  double longest = 0;
  for (const TrialWork& trial : trials) {
    sum += trial.one_rank_seconds;
    longest = std::max(longest, trial.one_rank_seconds / std::clamp(trial.most_ranks, 1, slots));
  }
  return std::max(sum / slots, longest);
}

}  // namespace headway
