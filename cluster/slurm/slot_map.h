#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace headway {

/// Ranks of a group on one node.
struct NodeShare {
  std::size_t node = 0;  // its number
  int ranks = 0;

  bool operator==(const NodeShare&) const = default;
};

/// Which slots of which node are free, and where a group is to stand.
class SlotMap {
 public:
  /// `slots`: of each node, in the order in which neighbours stand side by side. `preferred`: the
  /// node where groups of one rank are started at the least cost.
  explicit SlotMap(const std::vector<int>& slots, std::optional<std::size_t> preferred = {});

  /// Takes slots for `ranks` ranks, by node: on one node where they fit, the one that they fill
  /// best, so that the emptier ones stay for wide groups; else in equal shares, on as few nodes as
  /// possible, which are neighbours as far as possible; else wherever there is room. Nothing when
  /// fewer are free.
  std::optional<std::vector<NodeShare>> take(int ranks);
  void give_back(const std::vector<NodeShare>& shares);
  int free() const;

 private:
  std::optional<std::vector<NodeShare>> equal_shares(int ranks, int nodes) const;
  std::vector<NodeShare> any_shares(int ranks) const;

  std::vector<int> all_;
  std::vector<int> free_;
  std::optional<std::size_t> preferred_;
};

}  // namespace headway
