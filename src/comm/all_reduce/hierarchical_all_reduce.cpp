#include "comm/all_reduce/hierarchical_all_reduce.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "comm/all_reduce/tree_reduction.h"

namespace headway {
namespace {

constexpr std::size_t kCacheLineFloats = 16;

// Floats of one message at most and at least. TCP likes long messages; with three chunks or more
// two thirds of them can travel while the last values are computed.
constexpr std::size_t kLongestPiece = 1 << 22;
constexpr std::size_t kShortestPiece = 1 << 18;
constexpr std::size_t kWantedChunks = 3;

using Stage = SharedBlock::Stage;

/// One node has no wire to keep busy: there chunks would only add to the waiting.
std::size_t chunk_elements(const RankTopology& topology, std::size_t count) {
  if (topology.nodes() == 1) return std::max<std::size_t>(count, 1);
  const auto ranks = static_cast<std::size_t>(topology.ranks_per_node);
  const std::size_t piece = count / ranks / kWantedChunks + 1;
  const std::size_t lines = std::clamp(piece, kShortestPiece, kLongestPiece) / kCacheLineFloats + 1;
  return lines * kCacheLineFloats * ranks;
}

}  // namespace

HierarchicalAllReduce::HierarchicalAllReduce(const RankTopology& topology,
                                             SharedBlock block,
                                             SumPrecision precision)
    : topology_(topology),
      block_(std::move(block)),
      precision_(precision),
      values_(block_.values(topology.rank_in_node())),
      exchange_(topology.peers(), precision) {
  for (int rank = 0; rank < topology_.ranks_per_node; ++rank) {
    arrays_.push_back(block_.values(rank).data());
  }
  chunk_elements_ = chunk_elements(topology_, values_.size());
  chunks_ = (values_.size() + chunk_elements_ - 1) / chunk_elements_;
}

// Slices end on cache lines, so that no two ranks write to one.
Range HierarchicalAllReduce::own_slice(std::size_t chunk) const {
  const std::size_t start = chunk * chunk_elements_;
  const std::size_t length = std::min(chunk_elements_, values_.size() - start);
  const std::size_t lines = (length + kCacheLineFloats - 1) / kCacheLineFloats;
  const auto border = [&](int rank) {
    const std::size_t line = lines * static_cast<std::size_t>(rank) / arrays_.size();
    return start + std::min(length, line * kCacheLineFloats);
  };
  return {border(topology_.rank_in_node()), border(topology_.rank_in_node() + 1)};
}

void HierarchicalAllReduce::mark_chunks_ready(std::size_t count) {
  if (count <= ready_) return;
  ready_ = count;
  block_.reach(Stage::kReady, topology_.rank_in_node(), base_ + ready_);
}

bool HierarchicalAllReduce::reduce_next_chunk() {
  if (reduced_ == chunks_ || exchange_.full() ||
      !block_.all_reached(Stage::kReady, base_ + reduced_ + 1)) {
    return false;
  }
  const Range slice = own_slice(reduced_++);
  if (arrays_.size() > 1) tree_sum_into_first({arrays_, slice.begin, slice.end}, precision_);
  if (topology_.nodes() == 1) {
    ++completed_;
  } else {
    exchange_.start(result().subspan(slice.begin, slice.size()));
  }
  return true;
}

void HierarchicalAllReduce::take_arrived() {
  while (!exchange_.empty() && exchange_.take()) ++completed_;
}

void HierarchicalAllReduce::begin_write() {
  block_.wait_for_all(Stage::kReleased, base_);
}

void HierarchicalAllReduce::end_read() {
  block_.reach(Stage::kReleased, topology_.rank_in_node(), base_);
}

void HierarchicalAllReduce::mark_ready(std::size_t count) {
  if (topology_.nodes() == 1) return;
  expects(count <= values_.size(), "mark_ready: count");
  mark_chunks_ready(count == values_.size() ? chunks_ : count / chunk_elements_);
  while (reduced_ < ready_ && reduce_next_chunk()) {
  }
  exchange_.progress();
  take_arrived();
}

void HierarchicalAllReduce::all_reduce() {
  mark_chunks_ready(chunks_);
  Backoff backoff;
  while (completed_ < chunks_) {
    if (reduce_next_chunk()) continue;
    if (exchange_.empty()) {
      backoff.pause();
    } else {
      exchange_.wait();
      take_arrived();
    }
  }
  base_ += chunks_;
  ready_ = reduced_ = completed_ = 0;
  block_.reach(Stage::kDone, topology_.rank_in_node(), base_);
  block_.wait_for_all(Stage::kDone, base_);
}

}  // namespace headway
