// Gradients of four shards, whatever the number of ranks, nodes and the moments of arrival.
#include "training/step/gradient_reduction.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/philox.h"
#include "support/test_communicator.h"

namespace headway {
namespace {

constexpr std::int64_t kShards = 4;
const std::vector<std::vector<std::int64_t>> kShapes = {
    {300'000}, {17}, {400'001}, {64, 32, 3, 3}, {1}, {500'000}};  // several chunks between nodes

/// What shard `shard` wants parameter `parameter`'s gradient to be: sums depend on their order.
at::Tensor wanted(std::int64_t shard, std::size_t parameter) {
  at::Tensor values = at::empty(kShapes[parameter], at::kFloat);
  auto* first = values.mutable_data_ptr<float>();
  RandomStream stream(static_cast<std::uint64_t>(shard), "gradients " + std::to_string(parameter));
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const std::uint32_t bits = stream.below(1U << 20);  // cheaper than a normal draw
    first[i] = std::ldexp(static_cast<float>(bits) + 0.5F, static_cast<int>(bits % 23) - 30);
  }
  return values;
}

at::Tensor to_precision(const at::Tensor& values, SumPrecision precision) {
  return precision == SumPrecision::kBfloat16 ? values.to(at::kBFloat16).to(at::kFloat) : values;
}

/// Which shards have samples, and which parameters their gradients reach.
struct Step {
  std::vector<bool> shard_is_empty = std::vector<bool>(kShards, false);
  std::size_t unused_parameter = kShapes.size();  // of the last shard

  bool reaches(std::int64_t shard, std::size_t parameter) const {
    return !shard_is_empty[static_cast<std::size_t>(shard)] &&
           !(shard + 1 == kShards && parameter == unused_parameter);
  }
};

at::Tensor tree(const Step& step, std::size_t parameter, SumPrecision precision) {
  std::vector<at::Tensor> sums;
  for (std::int64_t shard = 0; shard < kShards; ++shard) {
    const at::Tensor own =
        step.reaches(shard, parameter) ? wanted(shard, parameter) : at::zeros(kShapes[parameter]);
    sums.push_back(to_precision(own, precision));
  }
  const at::Tensor left = to_precision(sums[0].add(sums[1]), precision);
  const at::Tensor right = to_precision(sums[2].add(sums[3]), precision);
  return to_precision(left.add(right), precision);
}

void backward(const ParameterSet& parameters, const Step& step, std::int64_t shard) {
  at::Tensor loss = at::zeros({});
  for (std::size_t i = 0; i < kShapes.size(); ++i) {
    if (!step.reaches(shard, i)) continue;
    loss = loss.add(parameters.parameter(i).mul(wanted(shard, i)).sum());
  }
  if (loss.requires_grad()) loss.backward();
}

void backward_of_rank(const ParameterSet& parameters,
                      const Step& step,
                      GradientReduction& reduction) {
  Communicator& comm = test_communicator();
  const std::int64_t local_shards = kShards / comm.size();
  for (std::int64_t local = 0; local < local_shards; ++local) {
    reduction.select_shard(local);
    backward(parameters, step, comm.rank() * local_shards + local);
  }
  reduction.end_step();
}

class GradientReductionOnRanks : public testing::TestWithParam<SumPrecision> {};

TEST_P(GradientReductionOnRanks, sums_over_shards_in_one_tree_whatever_arrives_when) {
  Communicator& comm = test_communicator();
  ParameterSet parameters(1);
  for (std::size_t i = 0; i < kShapes.size(); ++i) {
    parameters.add_constant("p" + std::to_string(i), ParameterKind::kWeight, kShapes[i], 1);
  }
  std::vector<bool> decayed(kShapes.size(), true);
  decayed[1] = decayed[4] = false;
  FlatParameters flat(parameters, decayed, comm, GradientOptions{.precision = GetParam()});
  GradientReduction reduction(parameters, flat, kShards / comm.size());
  const std::vector<Step> steps = {{},
                                   {.shard_is_empty = {false, false, false, true}},
                                   {.shard_is_empty = {true, false, true, false}},
                                   {.unused_parameter = 2},
                                   {}};
  for (const Step& step : steps) {
    backward_of_rank(parameters, step, reduction);
    flat.set_signal(kStopSignal, 1);
    flat.sum_over_ranks();
    EXPECT_EQ(flat.signal(kStopSignal), static_cast<float>(comm.size()));
    for (std::size_t i = 0; i < kShapes.size(); ++i) {
      ASSERT_TRUE(flat.view(flat.summed_gradients(), i).equal(tree(step, i, GetParam())))
          << "parameter " << i;
    }
    flat.end_read();
  }
}

TEST(GradientReduction, gradients_of_a_parameter_out_of_the_shards_order_are_a_fault) {
  const auto alone = make_single_process_communicator();
  ParameterSet parameters(1);
  parameters.add_constant("p", ParameterKind::kWeight, {3}, 1);
  FlatParameters flat(parameters, {true}, *alone, GradientOptions{});
  GradientReduction reduction(parameters, flat, 2);
  reduction.select_shard(1);
  parameters.parameter(0).sum().backward();
  reduction.select_shard(0);
  EXPECT_THROW(parameters.parameter(0).sum().backward(), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(Precisions,
                         GradientReductionOnRanks,
                         testing::Values(SumPrecision::kFloat32, SumPrecision::kBfloat16));

TEST(FlatParameters, lays_out_what_a_backward_pass_reaches_first_in_front) {
  ParameterSet parameters(1);
  for (std::size_t i = 0; i < 4; ++i) {
    parameters.add_constant("p" + std::to_string(i), ParameterKind::kWeight, {20}, 1);
  }
  const FlatParameters flat(parameters, {true, false, true, false}, test_communicator(), at::kCPU);
  EXPECT_EQ(flat.order(), (std::vector<std::size_t>{2, 0, 3, 1}));
  EXPECT_TRUE(std::ranges::is_sorted(
      flat.order(), {}, [&](std::size_t index) { return flat.offset(index); }));
}

}  // namespace
}  // namespace headway
