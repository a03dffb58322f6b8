#pragma once

#include <filesystem>
#include <vector>

#include "store/sql/fsck.h"
#include "store/sql/lost_segments.h"

namespace headway {

/// Segments that claims tell of and that are gone, or shorter than they were: with the store gone
/// too, nothing else knows of them. Of an attempt that may still run on another host, a file system
/// may show the file late: it is left out.
std::vector<LostRecords> lost_by_claims(const std::filesystem::path& sweep_directory);

/// Remarks on claims that cannot be read or name no segment: nobody can tell whether their attempts
/// still run, nor whether all of their records are there.
std::vector<FsckProblem> check_claims(const std::filesystem::path& sweep_directory);

}  // namespace headway
