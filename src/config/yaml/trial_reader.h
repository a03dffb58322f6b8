#pragma once

#include <string>

#include "config/schema/trial_config.h"
#include "config/yaml/located_value.h"
#include "config/yaml/problems.h"

namespace headway {

/// A trial's configuration, defaults filled in: a loss that is not named is the head's default one.
TrialConfig read_trial(LocatedValue trial, Problems& problems);

/// From canonical JSON, checked like a sweep file; ConfigErrors lists all mistakes.
TrialConfig trial_config_from_json(const nlohmann::json& json);

/// The loss of trials with this head that name none; of an unknown head cross entropy.
std::string default_loss(const std::string& head);

/// A dotted key of a trial that has become another one; files may use either.
struct RenamedKey {
  std::string old_key;
  std::string key;
};
const std::vector<RenamedKey>& renamed_keys();
/// "loss.label_smoothing" for "training.label_smoothing"; keys that were never renamed unchanged.
std::string current_key(const std::string& key);

/// Moves what stands under an old key of a trial section to its present one. Both given with
/// unequal values: a problem that names both places.
void move_renamed_keys(LocatedValue& trial, Problems& problems);

}  // namespace headway
