#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "base/ids.h"
#include "store/sql/fsck.h"

namespace headway {

/// The trials that have a folder of their own in `all`, in which a file of the sweep's can be;
/// `folder_of` says where. What stands in the place of one of these, or of `all`, becomes a remark.
std::vector<TrialId> usable_trial_folders(
    const std::filesystem::path& all,
    const std::function<std::filesystem::path(const TrialId&)>& folder_of,
    std::vector<FsckProblem>& problems);

}  // namespace headway
