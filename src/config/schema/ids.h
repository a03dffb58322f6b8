#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/schema/trial_config.h"

namespace headway {

/// What a trial_id is computed over; a cell_id over the same without `seed`. It is the canonical
/// JSON in the form that it had when trials were first identified, so that what was trained then
/// keeps its id: without `dataset.root`, and with the loss of that time, cross entropy, not as a
/// section `loss` but as `training.label_smoothing`. Younger keys, and options that cross entropy
/// got later, count where they are not at their defaults; other losses are sections.
nlohmann::json identity_json(const TrialConfig& config);
/// A configuration that was stored in that form, as canonical JSON; others unchanged. Sections that
/// it lacks are not added.
nlohmann::json canonical_json_of_stored(nlohmann::json config);
/// Of such an identity; the cell's leaves `seed` out.
TrialId trial_id_of(const nlohmann::json& identity);
CellId cell_id_of(nlohmann::json identity);

}  // namespace headway
