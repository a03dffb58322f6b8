#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace headway {

// Every environment variable that headway reads, in one place.

std::optional<std::string> environment_variable(const char* name);

/// $HEADWAY_RESULTS, or ./results.
std::filesystem::path default_results_root();
/// $HEADWAY_CACHE, or $XDG_CACHE_HOME/headway, or ~/.cache/headway, or without a home one per user
/// among the temporary files: decoded data sets and the like. Use it through cache_folder().
std::filesystem::path cache_directory();
/// $HEADWAY_DATA: a further folder to look for data sets in.
std::optional<std::filesystem::path> data_directory();
/// $HEADWAY_TEST_NODES: the node of each rank, as "0,0,1,1", in place of what MPI says: tests put
/// the ranks of one machine on several nodes by it. Empty when not set.
std::vector<std::int64_t> emulated_nodes();
/// True when NO_COLOR is set, to anything but nothing (no-color.org).
bool no_color();
/// This process's place in an MPI launch (mpirun or srun), before MPI is started.
struct LaunchedRank {
  int rank = 0;
  int size = 1;
};
LaunchedRank launched_rank();

}  // namespace headway
