#include "training/optimizers/optimizer.h"

#include <ATen/ops/empty_like.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/schema/catalog.h"
#include "support/reference_values.h"

namespace headway {
namespace {

void fill(const at::Tensor& tensor, const std::string& name, double spread) {
  auto* values = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = reference_value(name, static_cast<std::uint64_t>(i), 0, spread);
  }
}

// One decayed and one undecayed parameter, as in tests/fixtures/training/make_optimizer_fixture.py.
struct TwoParameters {
  TwoParameters() {
    set.add_constant("decayed", ParameterKind::kWeight, {19}, 0);
    set.add_constant("undecayed", ParameterKind::kBias, {5}, 0);
    for (Parameter& parameter : set.parameters())
      fill(parameter.tensor.detach(), parameter.name, 1);
    flat.emplace(set, std::vector{true, false}, *comm, at::kCPU);
  }

  void take_step(Optimizer& optimizer, int step, double learning_rate) {
    for (std::size_t i = 0; i < set.parameters().size(); ++i) {
      const Parameter& parameter = set.parameters()[i];
      const at::Tensor gradient = at::empty_like(parameter.tensor.detach());
      fill(gradient, parameter.name + "/gradient/" + std::to_string(step), 0.5);
      flat->set_gradient(i, gradient);
    }
    optimizer.step(learning_rate);
  }

  ParameterSet set{0};
  std::unique_ptr<Communicator> comm = make_single_process_communicator();
  std::optional<FlatParameters> flat;
};

OptimizerConfig config_of(const nlohmann::json& fixture) {
  return {.name = fixture.at("optimizer"),
          .learning_rate = fixture.at("learning_rate"),
          .weight_decay = fixture.at("weight_decay"),
          .decay = {},
          .options = Options(fixture.at("options"))};
}

// The fixture is in double precision: what differs is rounding, about 1e-7 a step.
void expect_pytorchs_values(const nlohmann::json& fixture) {
  const OptimizerConfig config = config_of(fixture);
  TwoParameters parameters;
  const auto optimizer = optimizers().at(config.name)(config, *parameters.flat);
  int done = 0;
  for (const nlohmann::json& recorded : fixture.at("recorded")) {
    for (; done < recorded.at("step").get<int>(); ++done) {
      parameters.take_step(*optimizer, done, config.learning_rate * (1 - done / 20.0));
    }
    for (const Parameter& parameter : parameters.set.parameters()) {
      const auto expected = recorded.at(parameter.name).get<std::vector<float>>();
      const auto* found = parameter.tensor.const_data_ptr<float>();
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i], 1e-6)
            << fixture.at("name") << ", step " << done << ", " << parameter.name << " " << i;
      }
    }
  }
  EXPECT_EQ(done, 12);
}

TEST(Optimizer, those_of_the_fixture_follow_pytorch_with_and_without_decay) {
  std::ifstream file(std::string(HEADWAY_SOURCE_DIR) + "/tests/fixtures/training/optimizers.json");
  for (const nlohmann::json& fixture : nlohmann::json::parse(file)) expect_pytorchs_values(fixture);
}

class EveryOptimizer : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Optimizer> make(TwoParameters& parameters) const {
    OptimizerConfig config;
    config.name = GetParam();
    config.weight_decay = 0.1;
    config.options = default_options(Family::kOptimizer, GetParam());
    return optimizers().at(GetParam())(config, *parameters.flat);
  }
};

std::vector<at::Tensor> tensors_of(Optimizer& optimizer) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : optimizer.state()) result.push_back(tensor);
  for (const auto& [name, scalar] : optimizer.counters()) result.push_back(scalar);
  return result;
}

TEST_P(EveryOptimizer, has_state_of_the_parameters_size_and_scalar_counters) {
  TwoParameters parameters;
  const auto optimizer = make(parameters);
  for (const auto& [name, tensor] : optimizer->state()) {
    EXPECT_EQ(tensor.numel(), parameters.flat->count()) << name;
  }
  for (const auto& [name, scalar] : optimizer->counters()) EXPECT_EQ(scalar.dim(), 0) << name;
}

TEST_P(EveryOptimizer, goes_on_with_the_same_bits_from_a_copy_of_its_state) {
  TwoParameters straight;
  TwoParameters resumed;
  const auto first = make(straight);
  const auto second = make(resumed);
  for (int step = 0; step < 3; ++step) straight.take_step(*first, step, 0.05);
  for (std::size_t i = 0; i < straight.set.parameters().size(); ++i) {
    resumed.set.parameter(i).detach().copy_(straight.set.parameter(i).detach());
  }
  const std::vector<at::Tensor> source = tensors_of(*first);
  const std::vector<at::Tensor> target = tensors_of(*second);
  for (std::size_t i = 0; i < source.size(); ++i) at::Tensor(target[i]).copy_(source[i]);
  for (int step = 3; step < 6; ++step) {
    straight.take_step(*first, step, 0.05);
    resumed.take_step(*second, step, 0.05);
  }
  for (const bool decayed : {true, false}) {
    EXPECT_TRUE(straight.flat->values(decayed).equal(resumed.flat->values(decayed)));
  }
}

TEST_P(EveryOptimizer, leaves_the_gaps_between_parameters_at_zero) {
  TwoParameters parameters;
  const auto optimizer = make(parameters);
  for (int step = 0; step < 3; ++step) parameters.take_step(*optimizer, step, 0.05);
  const at::Tensor decayed = parameters.flat->values(true);
  EXPECT_EQ(decayed.narrow(0, 19, decayed.numel() - 19).abs().max().item<float>(), 0);
}

// The gradient of |p|^2 / 2 is p.
TEST_P(EveryOptimizer, goes_down_a_quadratic) {
  TwoParameters parameters;
  const auto optimizer = make(parameters);
  const auto square = [&] {
    double sum = 0;
    for (const bool decayed : {true, false}) {
      sum += parameters.flat->values(decayed).square().sum().item<double>();
    }
    return sum;
  };
  double before = square();
  for (int step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < parameters.set.parameters().size(); ++i) {
      parameters.flat->set_gradient(i, parameters.set.parameter(i).detach().clone());
    }
    optimizer->step(0.01);
    EXPECT_LT(square(), before);
    before = square();
  }
}

INSTANTIATE_TEST_SUITE_P(Names,
                         EveryOptimizer,
                         testing::ValuesIn(optimizers().names()),
                         [](const auto& param) { return param.param; });

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
