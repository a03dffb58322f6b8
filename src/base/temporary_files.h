#pragma once

#include <filesystem>

namespace headway {

/// $TMPDIR, $TMP, $TEMP or /tmp. EnvironmentError, naming the variable and what to do, when it is
/// no folder that this user may write to.
std::filesystem::path temporary_directory();

/// The same, or where that cannot be used, /tmp or /dev/shm: for what must be somewhere while a
/// sweep runs, as a folder may go away meanwhile.
std::filesystem::path any_temporary_directory();

}  // namespace headway
