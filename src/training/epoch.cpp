#include "training/epoch.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace headway {

std::int64_t steps_per_epoch(std::int64_t samples, const TrainingConfig& config) {
  const std::int64_t batch = config.batch_size;
  const std::int64_t steps = config.drop_last ? samples / batch : (samples + batch - 1) / batch;
  if (steps > 0 || config.epochs == 0) return steps;
  throw ConfigError(
      fmt::format("training.batch_size is {}, but there are only {} training images and "
                  "training.drop_last leaves out incomplete batches",
                  batch,
                  samples));
}

}  // namespace headway
