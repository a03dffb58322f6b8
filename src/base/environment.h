#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace headway {

// Every environment variable that headway reads, in one place.

std::optional<std::string> environment_variable(const char* name);

/// $HEADWAY_RESULTS, or ./results.
std::filesystem::path default_results_root();
/// $HEADWAY_CACHE, or $XDG_CACHE_HOME/headway, or ~/.cache/headway: decoded data sets and the like.
std::filesystem::path cache_directory();
/// $HEADWAY_DATA: a further folder to look for data sets in.
std::optional<std::filesystem::path> data_directory();
/// True when NO_COLOR is set, to anything but nothing (no-color.org).
bool no_color();
/// This process's place in an MPI launch (mpirun or srun), before MPI is started.
struct LaunchedRank {
  int rank = 0;
  int size = 1;
};
LaunchedRank launched_rank();

}  // namespace headway
