#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "store/sql/results_store.h"

namespace headway {

/// The results store for a command that only reads: up to date, whoever owns the sweep and whoever
/// holds its database. When that is not up to date and cannot be written, the store is built in
/// this user's cache, else in memory, and `note` hears why and where.
ResultsStore open_to_read(const std::filesystem::path& sweep_directory,
                          const std::function<void(const std::string&)>& note);

}  // namespace headway
