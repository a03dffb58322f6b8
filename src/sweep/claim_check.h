#pragma once

#include <filesystem>
#include <vector>

#include "store/sql/fsck.h"

namespace headway {

/// Segments that claims tell of and that are gone, or shorter than they were: with the store gone
/// too, nothing else knows of them.
std::vector<FsckProblem> check_claims(const std::filesystem::path& sweep_directory);

}  // namespace headway
