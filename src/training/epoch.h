#pragma once

#include <cstdint>
#include <span>

#include "config/schema/trial_config.h"

namespace headway {

/// Steps that an epoch over `samples` training images has. ConfigError when there is none.
std::int64_t steps_per_epoch(std::int64_t samples, const TrainingConfig& config);

/// The samples of step 0, 1, ... of an epoch that visits them in `order`; none when it has no such
/// step.
std::span<const std::int32_t> batch_of_step(std::span<const std::int32_t> order,
                                            std::int64_t step,
                                            const TrainingConfig& config);

/// How fast this attempt trains in the running epoch.
class EpochSpeed {
 public:
  void add_step(double seconds, std::size_t images) {
    seconds_ += seconds;
    images_ += static_cast<double>(images);
  }
  double images_per_second() const { return seconds_ > 0 ? images_ / seconds_ : 0; }

 private:
  double seconds_ = 0;
  double images_ = 0;
};

}  // namespace headway
