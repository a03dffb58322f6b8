#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/schema/trial_config.h"

namespace headway {

/// What a trial_id is computed over: the canonical JSON without `dataset.root` and without keys that
/// are younger than the first trials and at their default. A cell_id is computed over the same
/// without `seed`.
nlohmann::json identity_json(const TrialConfig& config);
std::string id_of(const nlohmann::json& json);

}  // namespace headway
