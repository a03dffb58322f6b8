#pragma once

#include <nlohmann/json.hpp>

#include "config/sweep/sweep.h"
#include "store/manifest/sweep_directory.h"

namespace headway {

// plan.json: what a sweep says besides its trials.

nlohmann::json plan_settings(const Sweep& sweep);
/// Fills everything of `plan` but its trials.
void read_plan_settings(const nlohmann::json& json, Plan& plan);

}  // namespace headway
