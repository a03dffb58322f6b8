#pragma once

#include "comm/all_reduce/rank_topology.h"
#include "comm/mpi_comm.h"

namespace headway {

/// This rank's place among all ranks of the launch, and the ranks of its block.
struct RankPlacement {
  RankTopology topology;
  MpiComm block;  // in rank order
};

/// Asks MPI which ranks share memory, or HEADWAY_TEST_NODES. Collective over all ranks.
RankPlacement find_rank_placement();

}  // namespace headway
