#include "training/flat_parameters.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace headway {
namespace {

at::Tensor numbered(at::IntArrayRef sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return at::arange(count, at::kFloat).view(sizes);
}

TEST(FlatParameters, takes_gradients_in_any_order_of_memory_and_of_any_type) {
  const std::vector<std::vector<std::int64_t>> shapes = {
      {5, 7, 3, 3}, {4, 6, 1, 1}, {3, 1, 5, 5}, {2, 3}, {}};
  ParameterSet parameters(1);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    parameters.add_constant("p" + std::to_string(i), ParameterKind::kWeight, shapes[i], 0);
  }
  const auto comm = make_single_process_communicator();
  FlatParameters flat(parameters, std::vector<bool>(shapes.size(), true), *comm, at::kCPU);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const at::Tensor wanted = numbered(shapes[i]);
    std::vector<at::Tensor> gradients = {wanted, wanted.to(at::kBFloat16)};
    if (wanted.dim() == 4) gradients.push_back(wanted.contiguous(at::MemoryFormat::ChannelsLast));
    for (const at::Tensor& gradient : gradients) {
      const at::Tensor place = flat.set_gradient(i, gradient);
      EXPECT_TRUE(place.equal(gradient.to(at::kFloat))) << "parameter " << i;
      EXPECT_TRUE(flat.view(flat.summed_gradients(), i).equal(place));
      EXPECT_EQ(place.strides(), parameters.parameter(i).strides());
      flat.clear_gradient(i);
      EXPECT_EQ(flat.all_gradients().abs().max().item<float>(), 0) << "parameter " << i;
    }
  }
}

}  // namespace
}  // namespace headway
