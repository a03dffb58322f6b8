#pragma once

#include <cstddef>
#include <vector>

#include "models/graph/graph.h"

namespace headway {

/// One reading of a node's output. Of an activation that batch norm gives in two copies, each with
/// a gradient of its own, every reader gets its copy.
struct Operand {
  std::size_t node = 0;
  bool second_copy = false;
};

/// One call of a layer: that of one node, or a batch norm with the addition and the ReLU behind it.
struct ExecutionStep {
  std::size_t layer = 0;          // the node whose layer is called
  std::size_t output = 0;         // the node whose output it gives: the last one of a fused chain
  std::vector<Operand> inputs;    // of a fused addition: batch norm's, then the other summand
  bool adds = false;              // fused: batch norm with an addition
  bool relu = false;              // fused: then ReLU
  std::vector<std::size_t> done;  // nodes whose outputs are not read again
};

/// The order in which a graph is run, found once. A batch norm with one reader is fused with what
/// follows: ReLU, or the addition of which it is the first summand (the second one, where the first
/// is no such batch norm), or both. A fused step stands where its last node does.
std::vector<ExecutionStep> plan_execution(const Graph& graph);

}  // namespace headway
