#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "models/layers/winograd/winograd_conv2d.h"
#include "models/layers/winograd/winograd_kernels.h"
#include "support/reference_model.h"

namespace headway {
namespace {

struct Case {
  std::int64_t images;
  std::int64_t in;
  std::int64_t out;
  std::int64_t height;
  std::int64_t width;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << fmt::format(
      "{} images {} x {}, {} to {} channels", c.images, c.height, c.width, c.in, c.out);
}

at::Tensor values(const std::string& name, at::IntArrayRef shape) {
  return reference_images(name, shape).contiguous(at::MemoryFormat::ChannelsLast);
}

/// The output and the gradients by x and by the weights, given the gradient of the output.
using Results = std::array<at::Tensor, 3>;

template <typename Convolution>
Results results_of(const Convolution& convolution,
                   const at::Tensor& x,
                   const at::Tensor& weight,
                   const at::Tensor& grad_y) {
  const at::Tensor input = x.detach().clone().set_requires_grad(true);
  const at::Tensor parameter = weight.detach().clone().set_requires_grad(true);
  const at::Tensor y = convolution(input, parameter);
  const auto gradients = torch::autograd::grad({y}, {input, parameter}, {grad_y});
  return {y.detach(), gradients[0], gradients[1]};
}

Results winograd(const Case& c) {
  return results_of([](const at::Tensor& x, const at::Tensor& w) { return winograd_conv2d(x, w); },
                    values("x", {c.images, c.in, c.height, c.width}),
                    values("weight", {c.out, c.in, 3, 3}),
                    values("grad_y", {c.images, c.out, c.height, c.width}));
}

/// PyTorch's convolution in double precision.
Results exact(const Case& c) {
  return results_of(
      [](const at::Tensor& x, const at::Tensor& w) { return at::conv2d(x, w, std::nullopt, 1, 1); },
      values("x", {c.images, c.in, c.height, c.width}).to(at::kDouble),
      values("weight", {c.out, c.in, 3, 3}).to(at::kDouble),
      values("grad_y", {c.images, c.out, c.height, c.width}).to(at::kDouble));
}

class WithThreads {
 public:
  explicit WithThreads(int threads) : before_(at::get_num_threads()) {
    at::set_num_threads(threads);
  }
  ~WithThreads() { at::set_num_threads(before_); }
  WithThreads(const WithThreads&) = delete;
  WithThreads& operator=(const WithThreads&) = delete;

 private:
  int before_;
};

class Winograd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!winograd_takes(8, 8)) GTEST_SKIP() << "this CPU has neither AVX2 nor AVX-512";
  }
};

class WinogradOfShape : public Winograd, public ::testing::WithParamInterface<Case> {};

// Relative to the largest value: the sums that cancel leave no relative accuracy of their own.
TEST_P(WinogradOfShape, agrees_with_the_plain_sum_in_double_precision) {
  const Results got = winograd(GetParam());
  const Results wanted = exact(GetParam());
  const std::array<const char*, 3> names = {"output", "gradient by x", "gradient by the weights"};
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].sizes(), wanted[i].sizes());
    EXPECT_TRUE(got[i].is_contiguous(at::MemoryFormat::ChannelsLast));
    const at::Tensor error =
        (got[i].to(at::kDouble) - wanted[i]).abs().max() / wanted[i].abs().max();
    EXPECT_LT(error.item<double>(), 5e-6) << names[i];
  }
}

TEST_P(WinogradOfShape, bits_do_not_depend_on_the_number_of_threads) {
  std::vector<Results> runs;
  for (const int threads : {1, 2, 3}) {
    const WithThreads scope(threads);
    runs.push_back(winograd(GetParam()));
  }
  for (std::size_t i = 0; i < runs[0].size(); ++i) {
    EXPECT_TRUE(at::equal(runs[0][i], runs[1][i]));
    EXPECT_TRUE(at::equal(runs[0][i], runs[2][i]));
  }
}

TEST_P(WinogradOfShape, an_image_has_the_same_bits_alone_as_in_a_batch) {
  const Case& c = GetParam();
  const at::Tensor x = values("x", {c.images, c.in, c.height, c.width});
  const at::Tensor weight = values("weight", {c.out, c.in, 3, 3});
  const at::Tensor all = winograd_conv2d(x, weight);
  for (std::int64_t image = 0; image < c.images; ++image) {
    EXPECT_TRUE(at::equal(winograd_conv2d(x.narrow(0, image, 1), weight), all.narrow(0, image, 1)));
  }
}

// Sides that are odd, even, smaller than a tile; channels for vectors of 16 and of 8, in one strip
// and several, in one block of the weights' gradient and several; tiles for one slice and many.
INSTANTIATE_TEST_SUITE_P(Shapes,
                         WinogradOfShape,
                         ::testing::Values(Case{3, 16, 16, 8, 8},
                                           Case{2, 8, 16, 7, 9},
                                           Case{1, 8, 8, 1, 1},
                                           Case{2, 16, 48, 2, 3},
                                           Case{5, 24, 8, 5, 4},
                                           Case{9, 64, 32, 14, 14},
                                           Case{17, 16, 16, 28, 28},
                                           Case{3, 80, 144, 4, 4},
                                           Case{2, 128, 64, 3, 6}));

TEST_F(Winograd, leaves_to_pytorch_what_it_does_not_take) {
  const at::Tensor x = values("x", {2, 8, 4, 4});
  const at::Tensor weight = values("weight", {8, 8, 3, 3});
  EXPECT_TRUE(can_use_winograd(x, weight));
  EXPECT_FALSE(can_use_winograd(values("x", {2, 12, 4, 4}), values("weight", {8, 12, 3, 3})));
  EXPECT_FALSE(can_use_winograd(x, values("weight", {10, 8, 3, 3})));
  EXPECT_FALSE(can_use_winograd(x.to(at::kDouble), weight.to(at::kDouble)));
  EXPECT_FALSE(can_use_winograd(x.to(at::kBFloat16), weight));
  EXPECT_FALSE(can_use_winograd(x.narrow(0, 0, 0), weight));
  at::autocast::set_autocast_enabled(at::kCPU, true);
  EXPECT_FALSE(can_use_winograd(x, weight));
  at::autocast::set_autocast_enabled(at::kCPU, false);
}

TEST_F(Winograd, takes_activations_and_gradients_in_any_order_of_memory) {
  const at::Tensor x = reference_images("x", {2, 8, 5, 6});
  const at::Tensor weight = reference_images("weight", {16, 8, 3, 3});
  const at::Tensor grad_y = reference_images("grad_y", {2, 16, 5, 6});
  const auto convolution = [](const at::Tensor& a, const at::Tensor& b) {
    return winograd_conv2d(a, b);
  };
  const Results plain = results_of(convolution, x, weight, grad_y);
  const Results reordered = winograd({2, 8, 16, 5, 6});
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(at::equal(plain[i], reordered[i]));
}

TEST_F(Winograd, the_first_layer_needs_no_gradient_by_its_images) {
  const at::Tensor weight = values("weight", {8, 8, 3, 3}).set_requires_grad(true);
  const at::Tensor y = winograd_conv2d(values("x", {2, 8, 4, 4}), weight);
  y.sum().backward();
  EXPECT_TRUE(weight.grad().defined());
}

}  // namespace
}  // namespace headway
