#include "models/layers/subsample2d.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/slice.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstring>
#include <optional>
#include <vector>

namespace headway {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

/// Calls body(address of a pixel of `all`, address of the same pixel of `picked`) for each picked
/// one; both are dense and in channels-last order.
template <typename Body>
void for_each_picked(const at::Tensor& all,
                     const at::Tensor& picked,
                     std::int64_t n,
                     const Body& body) {
  const std::int64_t bytes = all.size(1) * static_cast<std::int64_t>(all.element_size());
  const std::int64_t height = picked.size(2);
  const std::int64_t width = picked.size(3);
  auto* from = static_cast<std::byte*>(all.data_ptr());
  auto* to = static_cast<std::byte*>(picked.data_ptr());
  at::parallel_for(0, picked.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first * height; row < last * height; ++row) {
      const std::int64_t image = row / height;
      const std::int64_t line = image * all.size(2) + row % height * n;
      for (std::int64_t column = 0; column < width; ++column) {
        body(from + (line * all.size(3) + column * n) * bytes,
             to + (row * width + column) * bytes,
             static_cast<std::size_t>(bytes));
      }
    }
  });
}

struct Subsample2d : torch::autograd::Function<Subsample2d> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, std::int64_t n) {
    context->saved_data["sizes"] = x.sizes().vec();
    context->saved_data["n"] = n;
    const at::Tensor dense = x.contiguous(kChannelsLast);
    at::Tensor picked =
        at::empty({x.size(0), x.size(1), (x.size(2) + n - 1) / n, (x.size(3) + n - 1) / n},
                  x.options(),
                  kChannelsLast);
    for_each_picked(dense, picked, n, [](std::byte* from, std::byte* to, std::size_t bytes) {
      std::memcpy(to, from, bytes);
    });
    return picked;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const std::vector<std::int64_t> sizes = context->saved_data["sizes"].toIntVector();
    const at::Tensor picked = gradients[0].contiguous(kChannelsLast);
    at::Tensor gradient = at::empty(sizes, picked.options(), kChannelsLast).zero_();
    for_each_picked(
        gradient,
        picked,
        context->saved_data["n"].toInt(),
        [](std::byte* all, std::byte* from, std::size_t bytes) { std::memcpy(all, from, bytes); });
    return {gradient, {}};
  }
};

}  // namespace

at::Tensor subsample2d(const at::Tensor& x, std::int64_t n) {
  if (x.is_cpu()) return Subsample2d::apply(x, n);
  return at::slice(at::slice(x, 2, 0, std::nullopt, n), 3, 0, std::nullopt, n)
      .contiguous(kChannelsLast);
}

}  // namespace headway
