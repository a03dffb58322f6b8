#include "models/executor/execution_plan.h"

#include <utility>

namespace headway {
namespace {

template <typename Kind>
bool holds(const Graph& graph, std::size_t node) {
  return std::holds_alternative<Kind>(graph.nodes[node].layer);
}

/// Steps by the node whose output they give; nodes that are part of a later step have none.
class Planner {
 public:
  explicit Planner(const Graph& graph)
      : graph_(graph), readers_(reader_counts(graph)), steps_(graph.nodes.size()) {}

  std::vector<ExecutionStep> plan() {
    for (std::size_t node = 1; node < steps_.size(); ++node) steps_[node] = step_of(node);
    std::vector<ExecutionStep> result;
    for (ExecutionStep& step : steps_) {
      if (!step.inputs.empty()) result.push_back(std::move(step));
    }
    assign_copies(result);
    find_last_readings(result);
    return result;
  }

 private:
  ExecutionStep step_of(std::size_t node) {
    const std::vector<std::size_t>& inputs = graph_.nodes[node].inputs;
    if (holds<AddLayer>(graph_, node)) {
      for (const std::size_t first : {0U, 1U}) {
        if (!ends_in_batch_norm(inputs[first])) continue;
        ExecutionStep step = take_over(inputs[first], node);
        step.inputs.push_back({inputs[1 - first]});
        step.adds = true;
        return step;
      }
    }
    if (is_relu(node) && ends_in_batch_norm(inputs[0], /*may_add=*/true)) {
      ExecutionStep step = take_over(inputs[0], node);
      step.relu = true;
      return step;
    }
    ExecutionStep step{.layer = node, .output = node, .inputs = {}, .done = {}};
    for (const std::size_t input : inputs) step.inputs.push_back({input});
    return step;
  }

  /// Whether the output of `node` is batch norm's, maybe with an addition, and nobody else reads
  /// it.
  bool ends_in_batch_norm(std::size_t node, bool may_add = false) const {
    const ExecutionStep& step = steps_[node];
    return readers_[node] == 1 && holds<BatchNormLayer>(graph_, step.layer) && !step.relu &&
           (may_add || !step.adds);
  }

  bool is_relu(std::size_t node) const {
    const auto* activation = std::get_if<ActivationLayer>(&graph_.nodes[node].layer);
    return activation != nullptr && activation->kind == ActivationKind::kRelu;
  }

  ExecutionStep take_over(std::size_t before, std::size_t node) {
    ExecutionStep step = std::exchange(steps_[before], {});
    step.output = node;
    return step;
  }

  /// The second reader of batch norm's output gets the second copy, and so do all after it.
  void assign_copies(std::vector<ExecutionStep>& steps) const {
    std::vector<bool> forks(graph_.nodes.size());
    std::vector<bool> was_read(graph_.nodes.size());
    for (const ExecutionStep& step : steps) {
      forks[step.output] = holds<BatchNormLayer>(graph_, step.layer);
    }
    for (ExecutionStep& step : steps) {
      for (Operand& input : step.inputs) {
        input.second_copy = forks[input.node] && was_read[input.node];
        was_read[input.node] = true;
      }
    }
  }

  void find_last_readings(std::vector<ExecutionStep>& steps) const {
    std::vector<std::size_t> left(graph_.nodes.size());
    for (const ExecutionStep& step : steps) {
      for (const Operand& input : step.inputs) ++left[input.node];
    }
    for (ExecutionStep& step : steps) {
      for (const Operand& input : step.inputs) {
        if (--left[input.node] == 0) step.done.push_back(input.node);
      }
    }
  }

  const Graph& graph_;
  std::vector<std::size_t> readers_;
  std::vector<ExecutionStep> steps_;
};

}  // namespace

std::vector<ExecutionStep> plan_execution(const Graph& graph) {
  return Planner(graph).plan();
}

}  // namespace headway
