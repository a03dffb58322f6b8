#include "models/layers/winograd/winograd_kernels.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "base/errors.h"
#include "models/layers/winograd/winograd_work.h"

namespace headway {
namespace winograd {
namespace {

#if defined(__x86_64__)

using Avx512 = Registers</*kGivenLanes=*/16, /*kGivenRows=*/8>;
using Avx2 = Registers</*kGivenLanes=*/8, /*kGivenRows=*/4>;

/// Floats in the widest vectors that this CPU has and that divide both; 0: none.
std::int64_t lanes_for(std::int64_t in, std::int64_t out) {
  const auto divide_both = [&](std::int64_t lanes) { return in % lanes == 0 && out % lanes == 0; };
  if (__builtin_cpu_supports("avx512f") && divide_both(Avx512::kLanes)) return Avx512::kLanes;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return avx2 && divide_both(Avx2::kLanes) ? Avx2::kLanes : 0;
}

template <typename Work>
[[gnu::target("avx512f")]] void run_avx512(const Work& work, std::int64_t piece, float* memory) {
  work.template run<Avx512>(piece, memory);
}
template <typename Work>
[[gnu::target("avx2,fma")]] void run_avx2(const Work& work, std::int64_t piece, float* memory) {
  work.template run<Avx2>(piece, memory);
}

template <typename Work>
void run_piece(const Work& work, std::int64_t lanes, std::int64_t piece, float* memory) {
  lanes == Avx512::kLanes ? run_avx512(work, piece, memory) : run_avx2(work, piece, memory);
}

#else  // Elsewhere nobody has measured whether this is faster than PyTorch's convolutions.

std::int64_t lanes_for(std::int64_t /*in*/, std::int64_t /*out*/) {
  return 0;
}

template <typename Work>
void run_piece(const Work& /*work*/,
               std::int64_t /*lanes*/,
               std::int64_t /*piece*/,
               float* /*memory*/) {}

#endif

std::int64_t lanes_for(const Convolution3x3& shape) {
  const std::int64_t lanes = lanes_for(shape.in, shape.out);
  expects(lanes > 0, "Winograd's kernels do not take these channels on this CPU");
  return lanes;
}

template <typename Work>
void run(const Work& work, std::int64_t lanes) {
  at::parallel_for(0, work.pieces(), 1, [&](std::int64_t first, std::int64_t last) {
    const at::Tensor memory = at::empty({work.workspace()}, at::kFloat);
    for (std::int64_t piece = first; piece < last; ++piece) {
      run_piece(work, lanes, piece, memory.mutable_data_ptr<float>());
    }
  });
}

at::Tensor memory_for_weights(const Convolution3x3& shape) {
  return at::empty({kPoints * shape.in * shape.out}, at::kFloat);
}

}  // namespace
}  // namespace winograd

bool winograd_takes(std::int64_t in, std::int64_t out) {
  return winograd::lanes_for(in, out) > 0;
}

void winograd_output(const Convolution3x3& shape, const float* x, const float* weight, float* y) {
  const std::int64_t lanes = winograd::lanes_for(shape);
  const at::Tensor weights = winograd::memory_for_weights(shape);
  auto* transformed = weights.mutable_data_ptr<float>();
  winograd::run(winograd::TransformWeights{shape, weight, transformed, lanes}, lanes);
  winograd::run(winograd::Convolve{shape, x, transformed, y}, lanes);
}

void winograd_input_gradient(const Convolution3x3& shape,
                             const float* grad_y,
                             const float* weight,
                             float* grad_x) {
  const std::int64_t lanes = winograd::lanes_for(shape);
  const at::Tensor weights = winograd::memory_for_weights(shape);
  auto* transformed = weights.mutable_data_ptr<float>();
  winograd::run(winograd::TransformTurnedWeights{shape, weight, transformed}, lanes);
  Convolution3x3 turned = shape;
  std::swap(turned.in, turned.out);
  winograd::run(winograd::Convolve{turned, grad_y, transformed, grad_x}, lanes);
}

void winograd_weight_gradient(const Convolution3x3& shape,
                              const float* x,
                              const float* grad_y,
                              float* grad_weight) {
  const std::int64_t lanes = winograd::lanes_for(shape);
  winograd::SumWeightGradient work{shape, x, grad_y, grad_weight};
  const std::int64_t slices = work.slices();
  if (slices == 1) return winograd::run(work, lanes);
  const std::int64_t count = shape.in * shape.out * winograd::kWeights;
  const at::Tensor parts = at::empty({slices * count}, at::kFloat);
  work.to = parts.mutable_data_ptr<float>();
  winograd::run(work, lanes);
  winograd::run(winograd::AddSlices{work.to, slices, count, grad_weight}, lanes);
}

}  // namespace headway
