#include "config/schema/split_sizes.h"

#include <algorithm>
#include <cmath>

namespace headway {

std::int64_t held_out_samples(std::int64_t samples, double fraction) {
  if (fraction == 0) return 0;
  const auto rounded =
      static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(samples)));
  return std::clamp<std::int64_t>(rounded, 1, std::max<std::int64_t>(1, samples - 1));
}

SplitSizes split_sizes(const DatasetConfig& config, const DatasetDescription& dataset) {
  const std::int64_t per_class = dataset.train_count / dataset.classes;
  const std::int64_t held_out =
      dataset.classes * held_out_samples(per_class, config.validation_fraction);
  return {
      .train = dataset.train_count - held_out, .validation = held_out, .test = dataset.test_count};
}

}  // namespace headway
