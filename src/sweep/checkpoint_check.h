#pragma once

#include <filesystem>
#include <vector>

#include "store/sql/fsck.h"

namespace headway {

/// Checkpoints that cannot be used. Nothing is lost by them but time: a trial goes on from the one
/// before.
std::vector<FsckProblem> check_checkpoints(const std::filesystem::path& sweep_directory);

}  // namespace headway
