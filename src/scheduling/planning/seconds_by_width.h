#pragma once

#include <vector>

namespace headway {

/// Predicted seconds of a trial on groups of `fewest_ranks`, twice as many, ... ranks.
struct SecondsByWidth {
  int fewest_ranks = 1;  // a power of two
  std::vector<double> seconds;

  double on_fewest() const { return seconds.front(); }
  /// Slots times seconds on the narrowest group, which wastes least.
  double slot_seconds() const { return fewest_ranks * seconds.front(); }

  bool operator==(const SecondsByWidth&) const = default;
};

}  // namespace headway
