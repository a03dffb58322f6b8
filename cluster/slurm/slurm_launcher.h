#pragma once

#include <memory>

#include "cluster/allocation.h"
#include "cluster/launcher.h"

namespace headway {

/// Worker groups on the nodes of a Slurm job, which may be uneven: as steps of the job, or, for one
/// rank on the CPUs of the node where this process runs, as its child, which costs no step.
std::unique_ptr<Launcher> make_slurm_launcher(const Allocation& allocation);

}  // namespace headway
