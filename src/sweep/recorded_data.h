#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "data/dataset.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"

namespace headway {

/// What the records tell of the data that a sweep's trials were trained on. All trials on one data
/// set must see the same data, wherever their files lie: a table would mix results of different
/// data without a word. Trials of version 0.1.0, which recorded no hash, fit any data.
class RecordedData {
 public:
  /// `trials` must outlive it; `sweep_directory` is for messages.
  RecordedData(std::filesystem::path sweep_directory, const std::vector<PlannedTrial>& trials)
      : sweep_directory_(std::move(sweep_directory)), trials_(trials) {}

  /// What to say when `data`, as the files of `dataset` hold them now, are not those that a trial
  /// is bound to; nothing when they are.
  std::optional<std::string> conflict(const DatasetConfig& dataset,
                                      const DataIdentity& data,
                                      const SweepState& state);

  /// One configuration of each data set that a trial is bound to: an open trial's where there is
  /// one, which says where the files are now.
  std::vector<DatasetConfig> bound_datasets(const SweepState& state);

 private:
  /// Name and options are those of the cell; the folder is the trial's own.
  const DatasetConfig& dataset_of_cell(const PlannedTrial& trial);

  std::filesystem::path sweep_directory_;
  const std::vector<PlannedTrial>& trials_;
  std::unordered_map<CellId, DatasetConfig> datasets_;
};

/// OtherDataError when the data that `trials` would be trained on are no longer those of the
/// records in `sweep_directory`. Data sets are loaded only where there is something to compare;
/// one that is not there is noted on `err`, as what is done needs no data.
void expect_recorded_data(const std::filesystem::path& sweep_directory,
                          const std::vector<PlannedTrial>& trials,
                          std::ostream& err);

}  // namespace headway
