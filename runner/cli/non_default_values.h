#pragma once

#include <nlohmann/json.hpp>

#include "runner/cli/config_values.h"

namespace headway {

/// The values of a trial's configuration that say something: names of components that are not the
/// default ones, and options that differ from their component's defaults. `seed` is always there.
ConfigValues changed_values(const nlohmann::json& config);

}  // namespace headway
