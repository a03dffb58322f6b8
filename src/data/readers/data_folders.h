#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/schema/trial_config.h"

namespace headway {

/// What may lie where a data set's files are expected, and what to do then.
struct DataHint {
  std::string name;    // of a file or folder
  std::string remedy;  // follows "found 'PATH': "
};

/// Where the files of a data set may lie and how to get them.
struct DataPlaces {
  std::vector<std::string> folder_names;     // below `dataset.root` or $HEADWAY_DATA
  std::filesystem::path system_folder = {};  // empty: none
  std::string how_to_get;                    // ends the message when they are nowhere
  std::vector<DataHint> hints = {};
};

/// One file of a data set by the names that it may have; the first is what messages call it. Each
/// may also end in ".gz".
using WantedFile = std::vector<std::string>;

/// The folders to look in, in order: those at `config.root` when it is set and no others (never
/// silently other data than asked for), else those at $HEADWAY_DATA, then the system's.
std::vector<std::filesystem::path> data_folders(const DatasetConfig& config,
                                                const DataPlaces& places);

/// The file in the first of these folders that has it: for files that may be absent.
std::optional<std::filesystem::path> find_data_file(const DatasetConfig& config,
                                                    const DataPlaces& places,
                                                    const WantedFile& wanted);

/// All of the files, in the order of `wanted`, from the first of these folders that holds any.
/// DataNotFound when there is no such folder, ConfigError when some are missing: it says where they
/// were looked for.
std::vector<std::filesystem::path> find_data_files(const DatasetConfig& config,
                                                   const DataPlaces& places,
                                                   const std::vector<WantedFile>& wanted);

}  // namespace headway
