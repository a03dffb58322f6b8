#pragma once

#include <cstdint>

#include "config/schema/catalog.h"
#include "config/schema/trial_config.h"

namespace headway {

/// How many of the `samples` of one class are held out for validation: round(f n), but at least 1
/// and never all of several; none when the fraction f is 0.
std::int64_t held_out_samples(std::int64_t samples, double fraction);

/// Images in the parts of a data set.
struct SplitSizes {
  std::int64_t train = 0;  // after the validation split
  std::int64_t validation = 0;
  std::int64_t test = 0;
};

/// By a data set's description, as if its classes were equally large.
SplitSizes split_sizes(const DatasetConfig& config, const DatasetDescription& dataset);

}  // namespace headway
