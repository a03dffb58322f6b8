#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.h"
#include "comm/all_reduce/chunked_all_reduce.h"
#include "comm/all_reduce/shared_block.h"

namespace headway {

/// Where a rank stands: `ranks_per_node` consecutive ranks share a node's memory.
struct RankTopology {
  int rank = 0;
  int size = 1;
  int ranks_per_node = 1;

  int nodes() const { return size / ranks_per_node; }
  int node() const { return rank / ranks_per_node; }
  int rank_in_node() const { return rank % ranks_per_node; }
  /// The ranks of all nodes that stand where this one does in its own node.
  Peers peers() const { return {node(), nodes(), ranks_per_node, rank_in_node()}; }
};

/// Summed in the memory that the ranks of a node share, into the array of the node's first rank,
/// where all of them read it: memory bandwidth is the limit, and copies for the others would cost
/// half as much again. Between nodes it is cut into chunks and each chunk into one slice per rank
/// of a node, of which that rank takes care: it sums the slice over its node and exchanges messages
/// with its peers on the other nodes. While one chunk is on the wire the next is summed, and the
/// first chunks may be on their way while the values of the last are still being computed.
class HierarchicalAllReduce final : public AllReduceBuffer {
 public:
  HierarchicalAllReduce(const RankTopology& place, SharedBlock block, SumPrecision precision);

  void acquire() override;
  std::span<float> values() override { return values_; }
  void announce(std::size_t count) override;
  void sum() override;
  std::span<float> total() override { return block_.values(0); }
  void release() override;

 private:
  Range own_slice(std::size_t chunk) const;
  void announce_chunks(std::size_t count);
  bool reduce_next_chunk();
  void take_arrived();

  RankTopology place_;
  SharedBlock block_;
  SumPrecision precision_;
  std::vector<float*> arrays_;  // of all ranks of the node
  std::span<float> values_;
  ChunkedAllReduce<float> exchange_;
  std::size_t chunk_elements_;
  std::size_t chunks_;
  std::uint64_t base_ = 0;     // chunks of all sums before this one: what the counters count
  std::size_t announced_ = 0;  // chunks of this sum: final on this rank,
  std::size_t reduced_ = 0;    // summed over the node, as far as this rank's slice goes,
  std::size_t completed_ = 0;  // summed over all nodes
};

}  // namespace headway
