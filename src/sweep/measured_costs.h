#pragma once

#include <filesystem>

#include "config/sweep/sweep.h"
#include "scheduling/planning/cost_model.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"

namespace headway {

/// What ranks are at hand: attempts on others say nothing about their speed.
struct RankKind {
  std::string device = "auto";  // auto: any
  std::int64_t threads = 1;
};

RankKind rank_kind(const ResourcesConfig& resources);

/// Tells `model` what an attempt took, if it says how long its trial takes on such ranks.
void observe_attempt(CostModel& model,
                     const TrialCost& cost,
                     const AttemptRecord& attempt,
                     const RankKind& ranks);

/// What a sweep's finished trials say about the speed of its machines; the default model while none
/// has finished. `table` keeps what it costs to know a trial's cost.
CostModel measured_costs(const SweepManifest& plan,
                         const SweepState& state,
                         const RankKind& ranks,
                         CostTable& table);

/// The same for a directory; the default model when it holds no sweep. Changes nothing on disk.
CostModel measured_costs(const std::filesystem::path& sweep_directory, const RankKind& ranks);

}  // namespace headway
