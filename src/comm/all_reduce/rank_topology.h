#pragma once

#include "comm/mpi/mpi_comm.h"
#include "comm/all_reduce/hierarchical_all_reduce.h"

namespace headway {

/// This rank's place among all ranks of the launch, and the ranks of its block.
struct RankPlacement {
  RankTopology place;
  MpiComm block;  // in rank order
};

/// Asks MPI which ranks share memory, or HEADWAY_TEST_NODES. Collective over all ranks.
RankPlacement find_rank_place();

}  // namespace headway
