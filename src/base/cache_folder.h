#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace headway {

// What lies in the cache is taken for what headway itself has put there, so nobody else may be able
// to put it there.

/// The folder `name` in cache_directory(), made as needed for this user alone. EnvironmentError
/// when another user could put files there; says who and what to do.
std::filesystem::path cache_folder(const std::string& name);

/// Why cache_folder would refuse the cache as it stands; nothing when it would not.
std::optional<std::string> distrust_of_cache();

/// EnvironmentError when another user owns the open file `fd` or can write to it.
void expect_own_file(int fd, const std::filesystem::path& path);

}  // namespace headway
