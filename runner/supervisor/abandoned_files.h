#pragma once

#include <filesystem>

namespace headway {

/// Removes what killed processes left half made: below a sweep's folder files that were to replace
/// others, claims that were prepared and stores that were built anew; packs in the cache; and
/// databases of `headway fsck` among the temporary files. Names do not tell whose they are, and
/// their makers may be on other hosts, so what was written to within a day stays, by the clock of
/// its own file system. Ends after some seconds: of very many trials not all are looked at.
void remove_abandoned_files(const std::filesystem::path& sweep_directory);

}  // namespace headway
