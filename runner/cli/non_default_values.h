#pragma once

#include <nlohmann/json.hpp>

#include "config/schema/leaves.h"

namespace headway {

/// The values of a trial's configuration that say something: names of components that are not the
/// default ones, and options that differ from their component's defaults. `seed` is always there.
ConfigLeaves changed_values(const nlohmann::json& config);

}  // namespace headway
