#include "comm/all_reduce/rank_topology.h"

#include <algorithm>
#include <set>

namespace headway {

int ranks_per_node(std::span<const std::int64_t> node_of_rank) {
  if (node_of_rank.empty()) return 1;
  const auto other =
      std::ranges::find_if(node_of_rank, [&](auto node) { return node != node_of_rank.front(); });
  const auto block =
      std::max<std::size_t>(1, static_cast<std::size_t>(other - node_of_rank.begin()));
  if (node_of_rank.size() % block != 0) return 1;
  std::set<std::int64_t> seen;
  for (std::size_t start = 0; start < node_of_rank.size(); start += block) {
    const auto ranks = node_of_rank.subspan(start, block);
    const bool alike =
        std::ranges::all_of(ranks, [&](std::int64_t node) { return node == ranks.front(); });
    if (!alike || !seen.insert(ranks.front()).second) return 1;
  }
  return static_cast<int>(block);
}

}  // namespace headway
