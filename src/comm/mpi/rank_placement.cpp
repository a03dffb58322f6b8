#include "comm/mpi/rank_placement.h"

#include <fmt/format.h>

#include <vector>

#include "base/environment.h"
#include "base/errors.h"

namespace headway {
namespace {

MpiComm split_world(int color, int rank) {
  MPI_Comm handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split(MPI_COMM_WORLD, color, rank, &handle), "MPI_Comm_split");
  return MpiComm(handle);
}

/// The lowest rank that shares memory with this one.
std::int64_t lowest_rank_of_node(int rank) {
  MPI_Comm handle = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &handle),
            "MPI_Comm_split_type");
  const MpiComm node(handle);
  std::int64_t lowest = rank;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT64_T, MPI_MIN, node.native()),
            "MPI_Allreduce");
  return lowest;
}

std::int64_t own_node(const RankTopology& topology) {
  const std::vector<std::int64_t> emulated = emulated_nodes();
  if (emulated.empty()) return lowest_rank_of_node(topology.rank);
  if (emulated.size() != static_cast<std::size_t>(topology.size)) {
    throw ConfigError(fmt::format("HEADWAY_TEST_NODES names the nodes of {} ranks; there are {}",
                                  emulated.size(),
                                  topology.size));
  }
  return emulated[static_cast<std::size_t>(topology.rank)];
}

}  // namespace

RankPlacement find_rank_placement() {
  RankTopology topology;
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &topology.rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &topology.size), "MPI_Comm_size");
  if ((topology.size & (topology.size - 1)) != 0) {
    throw ConfigError(
        fmt::format("a trial needs 1, 2, 4, 8, ... ranks; this launch has {}", topology.size));
  }
  const std::int64_t node = own_node(topology);
  std::vector<std::int64_t> nodes(static_cast<std::size_t>(topology.size));
  check_mpi(MPI_Allgather(&node, 1, MPI_INT64_T, nodes.data(), 1, MPI_INT64_T, MPI_COMM_WORLD),
            "MPI_Allgather");
  topology.ranks_per_node = ranks_per_node(nodes);
  return {topology, split_world(topology.node(), topology.rank)};
}

}  // namespace headway
