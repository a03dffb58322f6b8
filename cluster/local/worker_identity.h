#pragma once

#include <filesystem>

#include "base/host.h"
#include "base/ids.h"

namespace headway {

/// Whether `process` lives on this machine and its command line is that of a rank of worker group
/// `group` on the sweep in `sweep_directory`. What a file says of a process is no reason to signal
/// it: anyone who may write to the sweep's folder could name any process there.
bool is_worker_of(const ProcessIdentity& process,
                  const std::filesystem::path& sweep_directory,
                  const GroupName& group);

}  // namespace headway
