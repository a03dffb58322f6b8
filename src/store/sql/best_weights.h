#pragma once

#include <filesystem>
#include <string>

#include "base/ids.h"
#include "base/safetensors.h"

namespace headway {

class ResultsStore;

/// What a file of best weights says of itself: as its metadata have it, "" where they lack it.
struct BestWeights {
  std::string epoch;
  std::string step;
  std::string accuracy;  // of the validation images
};

/// StoreError when `weights`, of `file`, tell of no epoch: they are no best weights.
BestWeights place_of_best(const SafetensorsFile& weights, const std::filesystem::path& file);

/// No record tells the hash of the best weights; of the epoch that they are from there is one.
/// StoreError unless it says the same.
void expect_recorded(const BestWeights& best,
                     const ResultsStore& store,
                     const TrialId& trial_id,
                     const std::filesystem::path& file);

}  // namespace headway
