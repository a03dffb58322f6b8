#pragma once

#include <string_view>

#include "training/sink.h"

namespace headway {

class FinishedTrial;

/// The metrics of all accumulators that belong to `suite`, of the splits of which a finished trial
/// records them. Collective.
SplitMetrics accumulated_metrics(FinishedTrial& trial, std::string_view suite);

}  // namespace headway
