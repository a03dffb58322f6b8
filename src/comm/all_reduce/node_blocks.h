#pragma once

#include <cstdint>
#include <span>

namespace headway {

/// How many consecutive ranks form one node's block, when every node holds a block of as many;
/// `node_of_rank` has one entry per rank. The tree over ranks then has a subtree per node. 1 when
/// the nodes hold unequal numbers of ranks or ranks that do not follow each other: then every rank
/// stands for itself.
int ranks_per_node(std::span<const std::int64_t> node_of_rank);

}  // namespace headway
