#pragma once

#include <filesystem>
#include <string>

#include "base/ids.h"
#include "base/safetensors.h"

namespace headway {

// What headway writes into the metadata of a file of weights.
inline constexpr const char* kTrialIdOfWeights = "trial_id";
inline constexpr const char* kHashOfWeights = "weights_sha256";  // hash_tensors() of them
// Of the best weights alone.
inline constexpr const char* kEpochOfWeights = "epoch";
inline constexpr const char* kStepOfWeights = "step";
inline constexpr const char* kAccuracyOfWeights = "validation_top1_accuracy";

/// Opens the weights of a trial and hashes them: nobody is handed bytes that nobody looked at.
/// `recorded` is the hash that the trial's record tells; "" when it tells none, as of the best
/// weights. StoreError, which says what was found and expected, unless the file is whole, says that
/// it is of this trial, and its weights have the hash that it tells of itself and that was
/// recorded.
SafetensorsFile open_weights(const std::filesystem::path& file,
                             const TrialId& trial_id,
                             const std::string& recorded);

}  // namespace headway
