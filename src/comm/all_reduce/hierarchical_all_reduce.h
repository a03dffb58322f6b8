#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/all_reduce/chunked_all_reduce.h"
#include "comm/all_reduce/rank_topology.h"
#include "comm/all_reduce/shared_block.h"
#include "comm/communicator.h"

namespace headway {

/// Summed in the memory that the ranks of a node share, into the array of the node's first rank,
/// where all of them read it: memory bandwidth is the limit, and copies for the others would cost
/// half as much again. Between nodes it is cut into chunks and each chunk into one slice per rank
/// of a node, of which that rank takes care: it sums the slice over its node and exchanges messages
/// with its peers on the other nodes. While one chunk is on the wire the next is summed, and the
/// first chunks may be on their way while the values of the last are still being computed.
class HierarchicalAllReduce final : public AllReduceBuffer {
 public:
  HierarchicalAllReduce(const RankTopology& topology, SharedBlock block, SumPrecision precision);

  void begin_write() override;
  std::span<float> values() override { return values_; }
  void mark_ready(std::size_t count) override;
  void all_reduce() override;
  std::span<float> result() override { return block_.values(0); }
  void end_read() override;

 private:
  Range own_slice(std::size_t chunk) const;
  void mark_chunks_ready(std::size_t count);
  bool reduce_next_chunk();
  void take_arrived();

  RankTopology topology_;
  SharedBlock block_;
  SumPrecision precision_;
  std::vector<float*> arrays_;  // of all ranks of the node
  std::span<float> values_;
  ChunkedAllReduce<float> exchange_;
  std::size_t chunk_elements_;
  std::size_t chunks_;
  std::uint64_t base_ = 0;     // chunks of all sums before this one: what the counters count
  std::size_t ready_ = 0;      // chunks of this sum: final on this rank,
  std::size_t reduced_ = 0;    // summed over the node, as far as this rank's slice goes,
  std::size_t completed_ = 0;  // summed over all nodes
};

}  // namespace headway
