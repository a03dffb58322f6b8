#include "runner/worker/finished_data.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "data/data_files.h"
#include "store/manifest/sweep_manifest.h"

namespace headway {
namespace {

bool has_files(const DatasetConfig& config) {
  try {
    expect_data_files(config);
    return true;
  } catch (const DataNotFound&) {
    return false;
  }
}

}  // namespace

DatasetConfig find_data_of_finished_trial(const DatasetConfig& recorded,
                                          const TrainedAs& trained,
                                          const std::filesystem::path& sweep_directory) {
  const bool may_lie_elsewhere = !trained.data.sha256.empty() && !recorded.root.empty();
  if (!may_lie_elsewhere || has_files(recorded)) return recorded;
  DatasetConfig elsewhere = recorded;
  for (const std::string& root : read_data_roots(sweep_directory)) {
    elsewhere.root = root;
    if (has_files(elsewhere)) return elsewhere;
  }
  elsewhere.root.clear();
  try {
    expect_data_files(elsewhere);
  } catch (const DataNotFound& error) {
    throw DataNotFound(fmt::format(
        "the data are no longer in '{}', where the trial was trained; set HEADWAY_DATA, "
        "or run the sweep file once with dataset.root=FOLDER. {}",
        recorded.root,
        error.what()));
  }
  return elsewhere;
}

}  // namespace headway
