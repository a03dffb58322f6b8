#include "models/layers/batch_norm_kernels.h"

#include "models/layers/activation_lines.h"

namespace headway {
namespace {

template <typename T>
HEADWAY_KERNEL void normalise_lines(const NormaliseArguments<T>& arguments,
                                    std::int64_t begin,
                                    std::int64_t count,
                                    const Line& scale,
                                    const Line& shift,
                                    Line& scratch) {
  const auto length = static_cast<std::int64_t>(scale.size());
  const float* a = scale.data();
  const float* b = shift.data();
  float* __restrict value = scratch.data();
  for (std::int64_t i = begin; i < begin + count; ++i) {
    const T* x = arguments.x + i * length;
    for (std::int64_t j = 0; j < length; ++j) value[j] = load(x[j]) * a[j] + b[j];
    if (arguments.shortcut != nullptr) {
      const T* shortcut = arguments.shortcut + i * length;
      for (std::int64_t j = 0; j < length; ++j) value[j] += load(shortcut[j]);
    }
    if (arguments.relu) {  // written so that NaN stays NaN
      for (std::int64_t j = 0; j < length; ++j) value[j] = value[j] < 0 ? 0.0F : value[j];
    }
    T* __restrict y = arguments.y + i * length;
    for (std::int64_t j = 0; j < length; ++j) store(y[j], value[j]);
  }
}

/// Line i of the gradient g that reaches the normalised value.
template <typename T>
HEADWAY_INLINE void read_gradient(const GradientArguments<T>& arguments,
                                  std::int64_t i,
                                  std::int64_t length,
                                  float* __restrict g) {
  const T* grad_y = arguments.grad_y + i * length;
  if (arguments.y == nullptr) {
    for (std::int64_t j = 0; j < length; ++j) g[j] = load(grad_y[j]);
    return;
  }
  const T* y = arguments.y + i * length;
  for (std::int64_t j = 0; j < length; ++j) {
    const float value = load(grad_y[j]);  // of all j: a load on a condition is not vectorised
    g[j] = load(y[j]) > 0 ? value : 0.0F;
  }
}

template <typename T>
HEADWAY_KERNEL void sum_lines(const GradientArguments<T>& arguments,
                              std::int64_t begin,
                              std::int64_t count,
                              const Line& mean,
                              const LinePair& out,
                              T* masked,
                              Line& scratch) {
  const auto length = static_cast<std::int64_t>(mean.size());
  const float* centre = mean.data();
  float* __restrict g = scratch.data();
  float* __restrict sum = out.first;
  float* __restrict sum_with_x = out.second;
  for (std::int64_t i = begin; i < begin + count; ++i) {
    read_gradient(arguments, i, length, g);
    const T* x = arguments.x + i * length;
    for (std::int64_t j = 0; j < length; ++j) {
      sum[j] += g[j];
      sum_with_x[j] += g[j] * (load(x[j]) - centre[j]);
    }
    if (masked == nullptr) continue;
    T* __restrict place = masked + i * length;
    for (std::int64_t j = 0; j < length; ++j) store(place[j], g[j]);
  }
}

/// Adds up all slices and all elements of a line that belong to one channel.
std::vector<float> joined_sums(const std::vector<Line>& slices, std::size_t channels) {
  std::vector<double> sums(channels);
  for (const Line& slice : slices) {
    for (std::size_t j = 0; j < slice.size(); ++j) sums[j % channels] += slice[j];
  }
  return {sums.begin(), sums.end()};
}

struct InputGradientLines {
  Line gradient;
  Line x;
  Line constant;
  Line mean;
};

template <typename T>
HEADWAY_KERNEL void input_gradient_lines(const GradientArguments<T>& arguments,
                                         std::int64_t begin,
                                         std::int64_t count,
                                         const InputGradientLines& factors,
                                         T* grad_x,
                                         Line& scratch) {
  const auto length = static_cast<std::int64_t>(scratch.size());
  const float* by_gradient = factors.gradient.data();
  const float* by_x = factors.x.data();
  const float* constant = factors.constant.data();
  const float* mean = factors.mean.data();
  float* __restrict g = scratch.data();
  for (std::int64_t i = begin; i < begin + count; ++i) {
    read_gradient(arguments, i, length, g);
    const T* x = arguments.x + i * length;
    T* __restrict out = grad_x + i * length;
    for (std::int64_t j = 0; j < length; ++j) {
      store(out[j], by_gradient[j] * g[j] + by_x[j] * (load(x[j]) - mean[j]) + constant[j]);
    }
  }
}

}  // namespace

template <typename T>
void normalise(const NormaliseArguments<T>& arguments, const ActivationShape& shape) {
  const Lines lines(shape);
  const Line scale = tiled(*arguments.scale, lines);
  const Line shift = tiled(*arguments.shift, lines);
  for_each_slice(lines, [&](std::int64_t, std::int64_t begin, std::int64_t count) {
    Line scratch = empty_line(lines);
    normalise_lines(arguments, begin, count, scale, shift, scratch);
  });
}

template <typename T>
GradientSums gradient_sums(const GradientArguments<T>& arguments,
                           T* masked,
                           const ActivationShape& shape) {
  const Lines lines(shape);
  const Line mean = tiled(*arguments.mean, lines);
  const auto slices = static_cast<std::size_t>(lines.slices());
  std::vector<Line> sums(slices, empty_line(lines));
  std::vector<Line> sums_with_x(slices, empty_line(lines));
  for_each_slice(lines, [&](std::int64_t slice, std::int64_t begin, std::int64_t count) {
    Line scratch = empty_line(lines);
    const auto index = static_cast<std::size_t>(slice);
    sum_lines(arguments,
              begin,
              count,
              mean,
              {sums[index].data(), sums_with_x[index].data()},
              masked,
              scratch);
  });
  const auto channels = static_cast<std::size_t>(shape.channels);
  return {joined_sums(sums, channels), joined_sums(sums_with_x, channels)};
}

template <typename T>
void input_gradient(const GradientArguments<T>& arguments,
                    const InputGradientFactors& factors,
                    T* grad_x,
                    const ActivationShape& shape) {
  const Lines lines(shape);
  const InputGradientLines tiles{tiled(factors.gradient, lines),
                                 tiled(factors.x, lines),
                                 tiled(factors.constant, lines),
                                 tiled(*arguments.mean, lines)};
  for_each_slice(lines, [&](std::int64_t, std::int64_t begin, std::int64_t count) {
    Line scratch = empty_line(lines);
    input_gradient_lines(arguments, begin, count, tiles, grad_x, scratch);
  });
}

template void normalise(const NormaliseArguments<float>&, const ActivationShape&);
template void normalise(const NormaliseArguments<c10::BFloat16>&, const ActivationShape&);
template GradientSums gradient_sums(const GradientArguments<float>&,
                                    float*,
                                    const ActivationShape&);
template GradientSums gradient_sums(const GradientArguments<c10::BFloat16>&,
                                    c10::BFloat16*,
                                    const ActivationShape&);
template void input_gradient(const GradientArguments<float>&,
                             const InputGradientFactors&,
                             float*,
                             const ActivationShape&);
template void input_gradient(const GradientArguments<c10::BFloat16>&,
                             const InputGradientFactors&,
                             c10::BFloat16*,
                             const ActivationShape&);

}  // namespace headway
