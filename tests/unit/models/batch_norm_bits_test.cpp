// Results of the batch-norm kernels depend on their input alone, not on where it or their scratch
// memory happens to lie.
#include <c10/util/BFloat16.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "models/layers/batch_norm/batch_norm_kernels.h"
#include "support/reference_values.h"

namespace headway {
namespace {

std::vector<float> values(const char* name, std::int64_t count) {
  std::vector<float> result;
  for (std::int64_t i = 0; i < count; ++i) {
    result.push_back(reference_value(name, static_cast<std::uint64_t>(i), 0.3, 1));
  }
  return result;
}

// A copy that begins `offset` elements after a cache line.
template <typename T>
class PlacedCopy {
 public:
  PlacedCopy(const std::vector<float>& source, std::size_t offset)
      : memory_(source.size() + 64), first_(offset) {
    while (reinterpret_cast<std::uintptr_t>(memory_.data() + first_ - offset) % 64 != 0) ++first_;
    for (std::size_t i = 0; i < source.size(); ++i) data()[i] = static_cast<T>(source[i]);
  }
  T* data() { return memory_.data() + first_; }

 private:
  std::vector<T> memory_;
  std::size_t first_;
};

template <typename T>
std::vector<float> as_floats(const std::vector<T>& source) {
  return {source.begin(), source.end()};
}

using Compute = std::function<std::vector<float>(std::size_t offset)>;

// Repeats with inputs at every alignment, and the kernels' own memory shifted by gaps in the heap.
void expect_the_same_bits_everywhere(const Compute& compute, const std::string& what) {
  const std::vector<float> expected = compute(0);
  std::vector<std::unique_ptr<char[]>> gaps;
  for (std::size_t repeat = 0; repeat < 48; ++repeat) {
    gaps.push_back(std::make_unique<char[]>(24 + 16 * (repeat % 7)));
    const std::vector<float> found = compute(repeat % 16);
    ASSERT_EQ(std::memcmp(found.data(), expected.data(), expected.size() * sizeof(float)), 0)
        << what << ", repeat " << repeat;
  }
}

std::vector<float> joined(std::vector<float> first, const std::vector<float>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

template <typename T>
void check(const ActivationShape& shape) {
  const std::string what =
      std::to_string(shape.rows) + " rows, " + std::to_string(shape.channels) + " channels";
  const std::vector<float> x = values("x", shape.rows * shape.channels);
  const std::vector<float> grad_y = values("grad_y", shape.rows * shape.channels);
  const std::vector<float> a = values("a", shape.channels);
  const std::vector<float> b = values("b", shape.channels);
  const std::vector<float> c = values("c", shape.channels);
  const auto gradient_arguments = [&](PlacedCopy<T>& placed_x, PlacedCopy<T>& placed_gradient) {
    return GradientArguments<T>{
        .x = placed_x.data(), .y = placed_x.data(), .grad_y = placed_gradient.data(), .mean = &a};
  };
  expect_the_same_bits_everywhere(
      [&](std::size_t offset) {
        PlacedCopy<T> placed(x, offset);
        const ChannelMoments moments = channel_moments<T>(placed.data(), shape);
        return joined(moments.mean, moments.variance);
      },
      "moments of " + what);
  expect_the_same_bits_everywhere(
      [&](std::size_t offset) {
        PlacedCopy<T> placed(x, offset);
        std::vector<T> y(x.size());
        normalise<T>(
            {.x = placed.data(), .shortcut = nullptr, .y = y.data(), .scale = &a, .shift = &b},
            shape);
        return as_floats(y);
      },
      "normalise " + what);
  expect_the_same_bits_everywhere(
      [&](std::size_t offset) {
        PlacedCopy<T> placed(x, offset);
        PlacedCopy<T> gradient(grad_y, offset);
        const GradientSums sums =
            gradient_sums<T>(gradient_arguments(placed, gradient), nullptr, shape);
        return joined(sums.sum, sums.sum_with_x);
      },
      "gradient sums of " + what);
  expect_the_same_bits_everywhere(
      [&](std::size_t offset) {
        PlacedCopy<T> placed(x, offset);
        PlacedCopy<T> gradient(grad_y, offset);
        std::vector<T> grad_x(x.size());
        input_gradient<T>(gradient_arguments(placed, gradient), {a, b, c}, grad_x.data(), shape);
        return as_floats(grad_x);
      },
      "input gradient of " + what);
}

template <typename T>
void expect_equal_masks(const ActivationShape& shape) {
  PlacedCopy<T> x(values("x", shape.rows * shape.channels), 0);
  PlacedCopy<T> grad_y(values("grad_y", shape.rows * shape.channels), 0);
  const std::vector<float> scale = values("a", shape.channels);
  const std::vector<float> shift = values("b", shape.channels);
  const std::vector<float> mean = values("c", shape.channels);
  std::vector<T> y(static_cast<std::size_t>(shape.rows * shape.channels));
  normalise<T>({.x = x.data(), .y = y.data(), .scale = &scale, .shift = &shift, .relu = true},
               shape);
  const auto both = [&](const GradientArguments<T>& arguments) {
    std::vector<T> grad_x(y.size());
    input_gradient<T>(arguments, {scale, shift, mean}, grad_x.data(), shape);
    const GradientSums sums = gradient_sums<T>(arguments, nullptr, shape);
    return joined(as_floats(grad_x), joined(sums.sum, sums.sum_with_x));
  };
  GradientArguments<T> arguments{
      .x = x.data(), .y = y.data(), .grad_y = grad_y.data(), .mean = &mean};
  const std::vector<float> by_output = both(arguments);
  arguments.y = nullptr;
  EXPECT_NE(both(arguments), by_output) << "no element was masked";
  arguments.scale = &scale;
  arguments.shift = &shift;
  EXPECT_EQ(both(arguments), by_output);
}

TEST(BatchNormBits, the_input_tells_where_relu_gave_zero_just_as_the_output_does) {
  for (const std::int64_t channels : {4, 24, 64}) {
    expect_equal_masks<float>({.rows = 99, .channels = channels});
    expect_equal_masks<c10::BFloat16>({.rows = 99, .channels = channels});
  }
}

void expect_sum_of_gradients(const ActivationShape& shape) {
  const std::vector<float> first = values("first", shape.rows * shape.channels);
  const std::vector<float> second = values("second", shape.rows * shape.channels);
  std::vector<float> sum = first;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += second[i];
  PlacedCopy<float> x(values("x", shape.rows * shape.channels), 0);
  PlacedCopy<float> own(first, 0), other(second, 0), joint(sum, 0);
  const std::vector<float> mean = values("c", shape.channels);
  GradientArguments<float> arguments{.x = x.data(), .y = x.data(), .mean = &mean};
  const auto all = [&] {
    std::vector<float> masked(first.size()), grad_x(first.size());
    const GradientSums sums = gradient_sums<float>(arguments, masked.data(), shape);
    input_gradient<float>(arguments, {mean, mean, mean}, grad_x.data(), shape);
    return joined(joined(masked, grad_x), joined(sums.sum, sums.sum_with_x));
  };
  arguments.grad_y = own.data();
  arguments.also_grad_y = other.data();
  const std::vector<float> by_kernel = all();
  arguments.grad_y = joint.data();
  arguments.also_grad_y = nullptr;
  EXPECT_EQ(by_kernel, all());
}

TEST(BatchNormBits, two_gradients_count_as_their_sum) {
  for (const std::int64_t channels : {4, 24, 64}) {
    expect_sum_of_gradients({.rows = 99, .channels = channels});
  }
}

TEST(BatchNormBits, do_not_depend_on_where_memory_lies) {
  for (const std::int64_t channels : {4, 16, 24, 64}) {
    for (const std::int64_t rows : {9, 36, 99}) {
      check<float>({.rows = rows, .channels = channels});
      check<c10::BFloat16>({.rows = rows, .channels = channels});
    }
  }
}

}  // namespace
}  // namespace headway
