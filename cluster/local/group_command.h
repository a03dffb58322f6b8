#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "cluster/launcher.h"
#include "cluster/worker_command.h"

namespace headway {

/// The command line of a group: the worker itself for one rank, which needs no MPI runtime; else
/// mpirun. Ranks are not bound to cores: several groups share a machine, and each mpirun, knowing
/// only its own, would bind to the same first cores; the kernel spreads them. ConfigError as
/// expect_folder_in_utf8 has it.
std::vector<std::string> group_command(const GroupSpec& spec);

/// The library that, loaded into mpirun, keeps it from listening on other addresses than the
/// loopback one: Open MPI 4.1 has no setting for that. Nothing when it is not beside `worker`, or
/// that folder's name has spaces or colons.
std::optional<std::filesystem::path> loopback_library(const std::filesystem::path& worker);

/// What mpirun and its ranks are told besides when all ranks are on this machine: they pass
/// messages through shared memory alone, and listen at the loopback address or not at all. What the
/// user sets of Open MPI's parameters stands.
std::map<std::string, std::string> one_node_environment(const std::filesystem::path& worker);

/// The command and environment, as a group of one rank is started that lives in this process or in
/// the foreground.
Program group_program(const GroupSpec& spec);

/// Starts the group in its own process group with a lifeline: closing it tells the group to
/// checkpoint and leave. EnvironmentError when there is no mpirun for a group of several ranks.
ChildProcess start_group(const GroupSpec& spec, const std::vector<int>& gpus = {});

}  // namespace headway
