#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/schema/trial_config.h"

namespace headway {

/// The four files of a data set in MNIST's layout.
struct IdxFiles {
  std::filesystem::path train_images;
  std::filesystem::path train_labels;
  std::filesystem::path test_images;
  std::filesystem::path test_labels;

  std::vector<std::filesystem::path> all() const {
    return {train_images, train_labels, test_images, test_labels};
  }
};

/// Where such a data set may lie and how to get it.
struct IdxPlaces {
  std::vector<std::string> folder_names;  // below `dataset.root` or $HEADWAY_DATA
  std::filesystem::path system_folder;
  std::string how_to_get;  // ends the message when it is nowhere
};

/// The folders to look in, in order: those at `config.root` when it is set and no others (never
/// silently other data than asked for), else those at $HEADWAY_DATA, then the system's.
std::vector<std::filesystem::path> idx_folders(const DatasetConfig& config,
                                               const IdxPlaces& places);

/// The files in the first of these folders that holds any. Names are as published, with a dash or a
/// dot ("train-images-idx3-ubyte", "train-images.idx3-ubyte"), plain or ".gz".
IdxFiles find_idx_files(const DatasetConfig& config, const IdxPlaces& places);

}  // namespace headway
