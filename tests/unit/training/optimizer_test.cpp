#include "training/optimizer.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "config/catalog.h"

namespace headway {
namespace {

// torch.optim.SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01) with p = 1 and
// gradients 0.5, -0.25, 1.0, computed by hand: g = grad + 0.01 p; m = 0.9 m + g; p -= 0.1 (g + 0.9
// m).
TEST(Sgd, follows_the_formula_of_torch) {
  ParameterSet parameters(0);
  parameters.add_constant("w", ParameterKind::kWeight, {3}, 1.0);
  parameters.add_constant("b", ParameterKind::kBias, {2}, 1.0);
  const auto comm = make_single_process_communicator();
  FlatParameters flat(parameters, {true, false}, *comm, at::kCPU);
  OptimizerConfig config;
  config.weight_decay = 0.01;
  config.options = default_options(Family::kOptimizer, "sgd");
  config.options.values()["nesterov"] = true;
  const auto optimizer = optimizers().at("sgd")(config, flat);
  double decayed = 1;
  double decayed_momentum = 0;
  double plain = 1;
  double plain_momentum = 0;
  const auto advance = [](double& p, double& m, double gradient, double decay) {
    const double g = gradient + decay * p;
    m = 0.9 * m + g;
    p -= 0.1 * (g + 0.9 * m);
  };
  for (const double gradient : {0.5, -0.25, 1.0}) {
    for (Parameter& parameter : parameters.parameters())
      parameter.tensor.mutable_grad().fill_(gradient);
    optimizer->step(0.1);
    advance(decayed, decayed_momentum, gradient, 0.01);
    advance(plain, plain_momentum, gradient, 0);
  }
  EXPECT_NEAR(parameters.parameter(0)[2].item<float>(), decayed, 1e-6);
  EXPECT_NEAR(parameters.parameter(1)[1].item<float>(), plain, 1e-6);
  EXPECT_NE(parameters.parameter(0)[0].item<float>(), parameters.parameter(1)[0].item<float>());
}

TEST(Sgd, the_table_and_the_catalog_name_the_same_optimizers) {
  std::vector<std::string> listed;
  for (const ComponentSpec& spec : catalog(Family::kOptimizer)) listed.push_back(spec.name);
  EXPECT_EQ(optimizers().names(), listed);
}

TEST(FlatParameters, keeps_values_names_and_shapes_and_lays_convolutions_out_channels_last) {
  ParameterSet parameters(5);
  parameters.add_uniform("conv", ParameterKind::kWeight, {8, 3, 3, 3}, 0.5);
  parameters.add_uniform("fc", ParameterKind::kWeight, {4, 8}, 0.5);
  const at::Tensor before = parameters.parameter(0).detach().clone();
  const auto comm = make_single_process_communicator();
  const FlatParameters flat(parameters, {false, true}, *comm, at::kCPU);
  EXPECT_TRUE(parameters.parameter(0).equal(before));
  EXPECT_TRUE(parameters.parameter(0).is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_EQ(flat.values(true).numel(), 32);
  EXPECT_EQ(flat.values(false).numel(), 224);  // 216 rounded up to whole cache lines
  EXPECT_TRUE(parameters.parameter(1).requires_grad());
}

}  // namespace
}  // namespace headway
