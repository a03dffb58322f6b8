#pragma once

#include <optional>

#include "base/sweep_layout.h"
#include "scheduling/policy/shared_error.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"

namespace headway {

/// The error for which the sweep pauses, if its trials share one. Follows from the records
/// alone, so every supervisor and worker group comes to the same view; a retry request takes it
/// back.
std::optional<SharedError> pausing_error(const SweepManifest& plan, const SweepState& state);

/// Lets the trials that ended by `error` be tried anew.
void reset_failures(const SharedError& error, const SweepState& state, SegmentWriter& writer);

}  // namespace headway
