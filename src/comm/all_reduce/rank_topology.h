#pragma once

#include <cstdint>
#include <span>

namespace headway {

/// The ranks that one rank exchanges messages with: every `stride`-th of all ranks, itself among
/// them.
struct Peers {
  int own = 0;    // its number among them
  int count = 1;  // a power of two
  int stride = 1;
  int first = 0;  // rank of number 0

  int rank_of(int number) const { return first + number * stride; }
};

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

/// How many consecutive ranks form one node's block, when every node holds a block of as many;
/// `node_of_rank` has one entry per rank. The tree over ranks then has a subtree per node. 1 when
/// the nodes hold unequal numbers of ranks or ranks that do not follow each other: then every rank
/// stands for itself.
int ranks_per_node(std::span<const std::int64_t> node_of_rank);

}  // namespace headway
