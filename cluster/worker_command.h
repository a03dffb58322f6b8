#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cluster/launcher.h"

namespace headway {

// What the ranks of a group run, whoever starts them.

/// headway-worker: $HEADWAY_WORKER, else beside this program, else in PATH. ConfigError says where
/// it was looked for, or that an installed one lacks $HEADWAY_TORCH.
std::filesystem::path find_worker_program();

/// ConfigError unless the path of a sweep's folder, made absolute, is UTF-8: groups are told it in
/// JSON, which holds nothing else. For before anything is written there.
void expect_folder_in_utf8(const std::filesystem::path& sweep_directory);

/// The command line of each rank. ConfigError as expect_folder_in_utf8 has it.
std::vector<std::string> worker_command(const GroupSpec& spec);

/// What is set for a group beyond this process's environment. `gpus`: the machine's numbers of the
/// GPUs that it may see; none on CPUs.
std::map<std::string, std::string> group_environment(std::int64_t threads_per_rank,
                                                     const std::vector<int>& gpus = {});

/// Beginnings of the names of variables by which mpirun or srun told this process that it is a
/// rank. Not for ranks of a launch of our own. None when nothing launched this process.
std::vector<std::string> launch_variables();

/// What ranks are told besides when all of them are on one node: they pass messages through shared
/// memory alone. What the user sets of Open MPI's parameters stands.
std::map<std::string, std::string> one_node_parameters();

}  // namespace headway
