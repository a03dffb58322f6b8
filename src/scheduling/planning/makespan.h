#pragma once

#include <vector>

namespace headway {

/// What a trial took, or would have taken, on one rank, and how many ranks could have shared it.
struct TrialWork {
  double one_rank_seconds = 0;
  int most_ranks = 1;
};

/// No schedule on `slots` slots ends sooner: the work of all of them shared out without a gap, or
/// the trial that is longest on as many ranks as it can use.
double makespan_lower_bound(const std::vector<TrialWork>& trials, int slots);

}  // namespace headway
