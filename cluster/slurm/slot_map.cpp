#include "cluster/slurm/slot_map.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/errors.h"

namespace headway {

SlotMap::SlotMap(const std::vector<int>& slots, std::optional<std::size_t> preferred)
    : all_(slots), free_(slots), preferred_(preferred) {
  expects(!preferred || *preferred < slots.size(), "the preferred node is one of those given");
}

int SlotMap::free() const {
  return std::accumulate(free_.begin(), free_.end(), 0);
}

// Neighbours: of all windows of nodes that hold enough with room, the shortest; of those the one
// that leaves the fewest slots idle.
std::optional<std::vector<NodeShare>> SlotMap::equal_shares(int ranks, int nodes) const {
  const int share = ranks / nodes;
  std::vector<std::size_t> roomy;
  for (std::size_t node = 0; node < free_.size(); ++node) {
    if (free_[node] >= share) roomy.push_back(node);
  }
  const auto count = static_cast<std::size_t>(nodes);
  if (roomy.size() < count) return std::nullopt;
  std::size_t best = 0;
  auto best_span = std::numeric_limits<std::size_t>::max();
  int best_left = 0;
  for (std::size_t first = 0; first + count <= roomy.size(); ++first) {
    const std::size_t span = roomy[first + count - 1] - roomy[first];
    int left = 0;
    for (std::size_t i = first; i < first + count; ++i) left += free_[roomy[i]] - share;
    if (span > best_span || (span == best_span && left >= best_left)) continue;
    best = first;
    best_span = span;
    best_left = left;
  }
  std::vector<NodeShare> shares;
  for (std::size_t i = best; i < best + count; ++i) shares.push_back({roomy[i], share});
  return shares;
}

std::vector<NodeShare> SlotMap::any_shares(int ranks) const {
  std::vector<std::size_t> emptiest(free_.size());
  std::iota(emptiest.begin(), emptiest.end(), std::size_t{0});
  std::ranges::stable_sort(emptiest,
                           [this](std::size_t a, std::size_t b) { return free_[a] > free_[b]; });
  std::vector<NodeShare> shares;
  for (const std::size_t node : emptiest) {
    const int here = std::min(ranks, free_[node]);
    if (here == 0) break;
    shares.push_back({node, here});
    ranks -= here;
  }
  std::ranges::sort(shares, {}, &NodeShare::node);
  return shares;
}

std::optional<std::vector<NodeShare>> SlotMap::take(int ranks) {
  expects(ranks > 0, "a group has ranks");
  if (free() < ranks) return std::nullopt;
  std::optional<std::vector<NodeShare>> shares;
  if (ranks == 1 && preferred_ && free_[*preferred_] > 0) {
    shares = std::vector<NodeShare>{{*preferred_, 1}};
  }
  const int most_nodes = std::min(ranks, static_cast<int>(free_.size()));
  for (int nodes = 1; !shares && nodes <= most_nodes; ++nodes) {
    if (ranks % nodes == 0) shares = equal_shares(ranks, nodes);
  }
  if (!shares) shares = any_shares(ranks);
  for (const NodeShare& share : *shares) free_[share.node] -= share.ranks;
  return shares;
}

void SlotMap::give_back(const std::vector<NodeShare>& shares) {
  for (const NodeShare& share : shares) {
    free_[share.node] += share.ranks;
    expects(free_[share.node] <= all_[share.node], "a node gets back no more than it gave");
  }
}

}  // namespace headway
