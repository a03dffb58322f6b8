#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace headway {

/// What `worker info` says of the build and of this machine. EnvironmentError, with the last line
/// that it printed, when it cannot be run; and when it says something else, as other programs do.
/// "gpus" is a number of them. `launcher`: a command that starts it elsewhere.
nlohmann::json worker_info(const std::filesystem::path& worker,
                           std::vector<std::string> launcher = {});

}  // namespace headway
