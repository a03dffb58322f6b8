#include "sweep/recorded_data.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "base/errors.h"
#include "base/files.h"
#include "base/sweep_layout.h"
#include "base/text.h"

namespace headway {
namespace {

bool is_same_dataset(const DatasetConfig& one, const DatasetConfig& other) {
  return one.name == other.name && one.options.values() == other.options.values();
}

/// The trials that saw other data.
struct Strangers {
  const AttemptRecord* attempt = nullptr;  // of the first
  TrialId trial_id = {};
  std::size_t count = 0;
  bool some_done = false;

  void add(const TrialId& id, const AttemptRecord& bound) {
    if (attempt == nullptr) {
      attempt = &bound;
      trial_id = id;
    }
    ++count;
    some_done = some_done || bound.state == "done";
  }
};

std::string describe_conflict(const DatasetConfig& dataset,
                              const DataIdentity& data,
                              const Strangers& strangers,
                              const std::filesystem::path& sweep_directory) {
  const std::string others =
      strangers.count == 1 ? "" : fmt::format(" and {} more", strangers.count - 1);
  const std::string retry =
      strangers.some_done ? ""
                          : fmt::format(", or `headway retry {} {}` to let {} begin anew",
                                        sweep_directory.string(),
                                        strangers.trial_id,
                                        strangers.count == 1 ? "it" : "it, and likewise each,");
  return fmt::format(
      "data set '{}' has {}, but trial {}{} of this sweep {} trained on {}: results of different "
      "data do not belong together; put the data back (dataset.root, HEADWAY_DATA), or give the "
      "sweep another name (name=NAME){}",
      dataset.name,
      to_text(data),
      strangers.trial_id,
      others,
      strangers.count == 1 ? "was" : "were",
      to_text({strangers.attempt->data_sha256, strangers.attempt->data_folder}),
      retry);
}

}  // namespace

const DatasetConfig& RecordedData::dataset_of_cell(const PlannedTrial& trial) {
  const auto known = datasets_.find(trial.cell_id);
  if (known != datasets_.end()) return known->second;
  return datasets_.emplace(trial.cell_id, trial.config().dataset).first->second;
}

std::optional<std::string> RecordedData::conflict(const DatasetConfig& dataset,
                                                  const DataIdentity& data,
                                                  const SweepState& state) {
  if (data.sha256.empty()) return std::nullopt;
  Strangers strangers;
  for (const PlannedTrial& trial : trials_) {
    const AttemptRecord* bound = state.trial(trial.trial_id).bound_to_data();
    if (bound == nullptr || bound->data_sha256 == data.sha256) continue;
    if (is_same_dataset(dataset_of_cell(trial), dataset)) strangers.add(trial.trial_id, *bound);
  }
  if (strangers.count == 0) return std::nullopt;
  return describe_conflict(dataset, data, strangers, sweep_directory_);
}

std::vector<DatasetConfig> RecordedData::bound_datasets(const SweepState& state) {
  std::vector<DatasetConfig> found;
  const auto place_of = [&](const DatasetConfig& dataset) {
    return std::ranges::find_if(
        found, [&](const DatasetConfig& other) { return is_same_dataset(dataset, other); });
  };
  for (const PlannedTrial& trial : trials_) {
    if (state.trial(trial.trial_id).bound_to_data() == nullptr) continue;
    const DatasetConfig& dataset = dataset_of_cell(trial);
    if (place_of(dataset) == found.end()) found.push_back(trial.config().dataset);
  }
  std::vector<bool> is_settled(found.size(), false);
  for (const PlannedTrial& trial : trials_) {
    if (std::ranges::find(is_settled, false) == is_settled.end()) break;
    if (state.trial(trial.trial_id).state() == TrialState::kDone) continue;
    const auto place = place_of(dataset_of_cell(trial));
    if (place == found.end()) continue;
    *place = trial.config().dataset;
    is_settled[static_cast<std::size_t>(place - found.begin())] = true;
  }
  return found;
}

void expect_recorded_data(const std::filesystem::path& sweep_directory,
                          const std::vector<PlannedTrial>& trials,
                          std::ostream& err) {
  if (!is_there(SweepLayout(sweep_directory).segments())) return;
  SweepState state(sweep_directory);
  state.refresh();
  RecordedData recorded(sweep_directory, trials);
  for (const DatasetConfig& dataset : recorded.bound_datasets(state)) {
    DataIdentity data;
    try {
      data = load_dataset(dataset)->identity();
    } catch (const ConfigError& error) {
      fmt::print(
          err, "note: the data cannot be compared with those of the records: {}\n", error.what());
      continue;
    }
    if (const auto conflict = recorded.conflict(dataset, data, state))
      throw OtherDataError(*conflict);
  }
}

}  // namespace headway
