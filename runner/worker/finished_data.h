#pragma once

#include <filesystem>

#include "config/schema/trial_config.h"
#include "training/finished_trial.h"

namespace headway {

/// Where the data of a finished trial lie now: at its own dataset.root; when no files are there and
/// the hash of its data is known, which whoever loads them compares, where the sweep as planned
/// last has them, then in HEADWAY_DATA and the system's folders. DataNotFound names them all.
DatasetConfig find_data_of_finished_trial(const DatasetConfig& recorded,
                                          const TrainedAs& trained,
                                          const std::filesystem::path& sweep_directory);

}  // namespace headway
