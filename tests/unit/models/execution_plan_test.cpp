// What is fused, which copy of a forked activation each reader gets, what is released when.
#include "models/executor/execution_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "models/encoders/encoders.h"

namespace headway {
namespace {

/// conv -> batch norm of the image, not read yet.
Value conv_norm(GraphBuilder& graph, const std::string& name) {
  return graph.batch_norm(name + ".bn", graph.conv(name, graph.image(), {.out = 4}));
}

/// The steps of a graph that ends in the mean of `map`.
std::vector<ExecutionStep> plan(GraphBuilder& graph, Value map) {
  graph.features(map, FeaturePooling::kGlobal);
  return plan_execution(graph.finish());
}

const ExecutionStep& step_of(const std::vector<ExecutionStep>& steps, Value output) {
  for (const ExecutionStep& step : steps) {
    if (step.output == output.node) return step;
  }
  throw std::logic_error("no step gives this output");
}

class Plan : public ::testing::Test {
 protected:
  GraphBuilder graph_{"net", {3, 8, 8}};
};

TEST_F(Plan, batch_norm_takes_relu_along) {
  const Value y = graph_.relu(conv_norm(graph_, "a"));
  const auto steps = plan(graph_, y);
  EXPECT_EQ(steps.size(), 3U);  // convolution, batch norm with ReLU, pooling
  EXPECT_TRUE(step_of(steps, y).relu);
  EXPECT_FALSE(step_of(steps, y).adds);
}

TEST_F(Plan, the_first_summand_takes_the_addition_and_relu_along) {
  const Value first = conv_norm(graph_, "a");
  const Value second = conv_norm(graph_, "b");
  const Value y = graph_.relu(graph_.add(first, second));
  const auto steps = plan(graph_, y);
  EXPECT_EQ(steps.size(), 5U);  // two convolutions, two batch norms, pooling
  const ExecutionStep& step = step_of(steps, y);
  EXPECT_EQ(step.layer, first.node);
  EXPECT_TRUE(step.adds);
  EXPECT_TRUE(step.relu);
  ASSERT_EQ(step.inputs.size(), 2U);
  EXPECT_EQ(step.inputs[1].node, second.node);
}

TEST_F(Plan, the_second_summand_does_where_the_first_is_no_batch_norm) {
  const Value first = graph_.conv("c", graph_.image(), {.out = 4});
  const Value second = conv_norm(graph_, "b");
  const Value y = graph_.add(first, second);
  const auto steps = plan(graph_, y);
  EXPECT_EQ(step_of(steps, y).layer, second.node);
  EXPECT_EQ(step_of(steps, y).inputs[1].node, first.node);
  EXPECT_FALSE(step_of(steps, y).relu);
}

TEST_F(Plan, nothing_is_fused_whose_inner_value_has_another_reader) {
  const Value norm = conv_norm(graph_, "a");
  const Value relu = graph_.relu(norm);
  const Value y = graph_.add(relu, norm);
  const auto steps = plan(graph_, y);
  EXPECT_EQ(steps.size(), 5U);
  EXPECT_FALSE(step_of(steps, norm).relu);
  EXPECT_EQ(step_of(steps, y).layer, y.node);
}

TEST_F(Plan, neither_other_activations_nor_a_second_addition_are_fused) {
  const Value sum = graph_.add(conv_norm(graph_, "a"), conv_norm(graph_, "b"));
  const Value again = graph_.add(sum, graph_.conv("c", graph_.image(), {.out = 4}));
  const Value y = graph_.activation(ActivationKind::kRelu6, again);
  const auto steps = plan(graph_, y);
  EXPECT_TRUE(step_of(steps, sum).adds);
  EXPECT_EQ(step_of(steps, again).layer, again.node);
  EXPECT_EQ(step_of(steps, y).layer, y.node);
}

TEST_F(Plan, readers_of_batch_norm_get_copies_of_their_own_and_others_the_same_tensor) {
  const Value norm = graph_.relu(conv_norm(graph_, "a"));
  const Value conv = graph_.conv("c", norm, {.out = 4});
  const Value sum = graph_.add(conv, norm);
  const Value twice = graph_.add(sum, sum);
  const auto steps = plan(graph_, twice);
  EXPECT_FALSE(step_of(steps, conv).inputs[0].second_copy);
  EXPECT_TRUE(step_of(steps, sum).inputs[1].second_copy);
  EXPECT_FALSE(step_of(steps, twice).inputs[0].second_copy);
  EXPECT_FALSE(step_of(steps, twice).inputs[1].second_copy);
}

TEST(Plans, of_every_encoder_read_only_what_was_computed_and_not_released) {
  for (const ComponentSpec& spec : catalog(Family::kEncoder)) {
    const Graph graph =
        encoder_graph({spec.name, default_options(Family::kEncoder, spec.name)}, {3, 32, 32});
    std::set<std::size_t> held = {0};
    for (const ExecutionStep& step : plan_execution(graph)) {
      for (const Operand& input : step.inputs) EXPECT_TRUE(held.contains(input.node)) << spec.name;
      held.insert(step.output);
      for (const std::size_t node : step.done) EXPECT_EQ(held.erase(node), 1U) << spec.name;
    }
    EXPECT_THAT(held, ::testing::ElementsAre(graph.nodes.size() - 1)) << spec.name;
  }
}

// Every batch norm of ResNet-18 is one call with its ReLU: 20 convolutions, 20 batch norms,
// pooling.
TEST(Plans, leave_no_addition_and_no_relu_of_resnet18_alone) {
  const Graph graph =
      encoder_graph({"resnet18", default_options(Family::kEncoder, "resnet18")}, {3, 32, 32});
  EXPECT_EQ(plan_execution(graph).size(), 41U);
}

}  // namespace
}  // namespace headway
