#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "cluster/launcher.h"

namespace headway {

/// Where in a job the ranks of a group stand.
struct StepPlace {
  struct Share {
    std::string node;
    int ranks = 1;
  };

  std::string job;            // its number
  std::vector<Share> shares;  // in the order of ranks
  int cpus_per_rank = 1;
  bool has_gpus = false;  // one for each rank

  int ranks() const;
};

/// The srun that starts a group's ranks as a step of the job, on exactly these CPUs and GPUs of it.
std::vector<std::string> step_command(const StepPlace& place);

/// The whole command of a group, and its environment: of Slurm's variables, which are options of
/// srun, only what says how to reach it.
Program step_program(const GroupSpec& spec, const StepPlace& place);

}  // namespace headway
