#pragma once

#include <filesystem>

#include "scheduling/cost_model.h"
#include "store/sweep_directory.h"
#include "store/sweep_state.h"

namespace headway {

/// What a sweep's finished trials say about the speed of its machines; the default model while none
/// has finished. `table` keeps what it costs to know a trial's cost.
CostModel measured_costs(const Plan& plan, const SweepState& state, CostTable& table);

/// The same for a directory; the default model when it holds no sweep. Changes nothing on disk.
CostModel measured_costs(const std::filesystem::path& sweep_directory);

}  // namespace headway
