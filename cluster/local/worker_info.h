#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace headway {

/// What `worker info` says of the build and of this machine. EnvironmentError, with the last line
/// that it printed, when it cannot be run or says no JSON.
nlohmann::json worker_info(const std::filesystem::path& worker);

}  // namespace headway
