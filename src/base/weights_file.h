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

// What stands in a file of class vectors as drawn: one tensor, and in the metadata what they were
// drawn from and the hash of both, which the trial's record tells, too.
inline constexpr const char* kClassVectorsTensor = "class_vectors";
inline constexpr const char* kOriginOfClassVectors = "drawn_from";
inline constexpr const char* kHashOfClassVectors = "sha256";

/// Opens the weights of a trial and hashes them: nobody is handed bytes that nobody looked at.
/// `recorded` is the hash that the trial's record tells; "" when it tells none, as of the best
/// weights. StoreError, which says what was found and expected, unless the file is whole, says that
/// it is of this trial, and its weights have the hash that it tells of itself and that was
/// recorded.
SafetensorsFile open_weights(const std::filesystem::path& file,
                             const TrialId& trial_id,
                             const std::string& recorded);

/// StoreError unless the file holds the class vectors of which the trial's record tells the hash.
/// In one without kOriginOfClassVectors, of an earlier version, the hash that it tells is compared.
void expect_class_vectors(const std::filesystem::path& file,
                          const TrialId& trial_id,
                          const std::string& recorded);

}  // namespace headway
