#include "training/epoch.h"

#include <fmt/format.h>

#include <algorithm>

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

std::span<const std::int32_t> batch_of_step(std::span<const std::int32_t> order,
                                            std::int64_t step,
                                            const TrainingConfig& config) {
  const auto batch = static_cast<std::size_t>(config.batch_size);
  const std::size_t first = std::min(static_cast<std::size_t>(step) * batch, order.size());
  const std::size_t size = std::min(batch, order.size() - first);
  return order.subspan(first, size < batch && config.drop_last ? 0 : size);
}

}  // namespace headway
