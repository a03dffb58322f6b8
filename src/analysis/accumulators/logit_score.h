#pragma once

#include <cstdint>
#include <span>

namespace headway {

/// A label among this many largest logits counts for top5_accuracy.
constexpr std::int64_t kTopFive = 5;

/// What one sample's logits say about its label.
struct LogitScore {
  bool finite = true;          // false: a logit is NaN or infinite
  std::int64_t predicted = 0;  // the largest logit; the lowest index on a tie
  std::int64_t rank = 0;       // classes ahead of the label: 0 means that it was predicted
  double cross_entropy = 0;    // -log softmax(logits)[label]
  double margin = 0;           // label's logit minus the largest other; infinite for one class
};

/// logits [K], 0 <= label < K. Ties rank the lower index first.
LogitScore score_logits(std::span<const double> logits, std::int64_t label);

}  // namespace headway
