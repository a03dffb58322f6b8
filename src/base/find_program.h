#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace headway {

/// Whether it is a file that this process may run.
bool is_program(const std::filesystem::path& path);

/// The first program of this name in a folder of $PATH. Unlike execvp it goes on after a folder
/// that it cannot look into.
std::optional<std::filesystem::path> find_in_path(const std::string& name);

}  // namespace headway
