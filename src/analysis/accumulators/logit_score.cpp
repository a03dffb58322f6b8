#include "analysis/accumulators/logit_score.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headway {

LogitScore score_logits(std::span<const double> logits, std::int64_t label) {
  LogitScore score;
  const auto largest = std::max_element(logits.begin(), logits.end());
  score.predicted = largest - logits.begin();
  const double own = logits[static_cast<std::size_t>(label)];
  double exponentials = 0;
  double largest_other = -std::numeric_limits<double>::infinity();
  for (std::int64_t k = 0; const double logit : logits) {
    score.finite &= std::isfinite(logit);
    exponentials += std::exp(logit - *largest);
    if (k != label) {
      score.rank += static_cast<std::int64_t>(logit > own || (logit == own && k < label));
      largest_other = std::max(largest_other, logit);
    }
    ++k;
  }
  score.cross_entropy = std::log(exponentials) + (*largest - own);
  score.margin = own - largest_other;
  return score;
}

}  // namespace headway
