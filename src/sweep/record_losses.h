#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/sql/results_store.h"

namespace headway {

/// What is known to be lost of a sweep's records, by its store and by its claims, and what stands
/// among its segments and cannot be read: one line each. A store that was built anew is told what
/// the claims know.
std::vector<std::string> record_losses(ResultsStore& store);

/// Likewise for those who need no store: one that is there is asked, as far as it answers at once.
std::vector<std::string> record_losses(const std::filesystem::path& sweep_directory);

/// All losses that store or claims know of, accepted ones included.
std::vector<LostRecords> known_losses(ResultsStore& store);

}  // namespace headway
