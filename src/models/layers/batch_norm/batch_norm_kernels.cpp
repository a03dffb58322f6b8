#include "models/layers/batch_norm/batch_norm_kernels.h"

#include "models/layers/activation_lines.h"

namespace headway {
namespace {

/// One line of the output. Every load is unconditional: one on a condition is not vectorised.
template <typename T, bool kShortcut, bool kRelu>
HEADWAY_KERNEL void normalise_lines(const NormaliseArguments<T>& arguments,
                                    std::int64_t begin,
                                    std::int64_t count,
                                    const Line& scale,
                                    const Line& shift) {
  const auto length = static_cast<std::int64_t>(scale.size());
  const float* __restrict a = scale.data();
  const float* __restrict b = shift.data();
  for (std::int64_t i = begin; i < begin + count; ++i) {
    const T* __restrict x = arguments.x + i * length;
    const T* __restrict shortcut = kShortcut ? arguments.shortcut + i * length : x;
    T* __restrict y = arguments.y + i * length;
    for (std::int64_t j = 0; j < length; ++j) {
      float value = load(x[j]) * a[j] + b[j];
      if (kShortcut) value += load(shortcut[j]);
      if (kRelu) value = value < 0 ? 0.0F : value;  // NaN stays NaN
      store(y[j], value);
    }
  }
}

/// Where the gradient passes ReLU, as far as a kernel must find out by itself.
enum class Mask { kNone, kFromInput, kFromOutput };

/// What the kernels of the backward pass need per element of a line.
struct GradientLines {
  Line mean;
  Line scale;  // of the forward pass; with Mask::kFromInput
  Line shift;
};

template <typename T>
Mask mask_of(const GradientArguments<T>& arguments) {
  if (arguments.y != nullptr) return Mask::kFromOutput;
  return arguments.scale != nullptr ? Mask::kFromInput : Mask::kNone;
}

/// How a kernel reads the gradient, as a type: its loops are compiled for each way.
template <Mask kGivenMask, bool kGivenTwo>
struct Reading {
  static constexpr Mask kMask = kGivenMask;
  static constexpr bool kTwo = kGivenTwo;  // also_grad_y, too
};

template <Mask kMask, typename T, typename Body>
void with_readers(const GradientArguments<T>& arguments, const Body& body) {
  arguments.also_grad_y != nullptr ? body(Reading<kMask, true>()) : body(Reading<kMask, false>());
}

/// Calls body with the Reading that the arguments ask for.
template <typename T, typename Body>
void with_reading(const GradientArguments<T>& arguments, const Body& body) {
  switch (mask_of(arguments)) {
    case Mask::kNone:
      return with_readers<Mask::kNone>(arguments, body);
    case Mask::kFromInput:
      return with_readers<Mask::kFromInput>(arguments, body);
    case Mask::kFromOutput:
      return with_readers<Mask::kFromOutput>(arguments, body);
  }
}

template <typename T>
GradientLines gradient_lines(const GradientArguments<T>& arguments, const Lines& lines) {
  GradientLines result{.mean = tiled(*arguments.mean, lines), .scale = {}, .shift = {}};
  if (mask_of(arguments) == Mask::kFromInput) {
    result.scale = tiled(*arguments.scale, lines);
    result.shift = tiled(*arguments.shift, lines);
  }
  return result;
}

/// `value`, or 0. Without a branch: under one, the loads of `value` would not be vectorised.
HEADWAY_INLINE float kept_if(bool kept, float value) {
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) & (kept ? ~0U : 0U));
}

/// The addresses that one line's loop reads.
template <typename T, typename How>
struct GradientReader {
  GradientReader(const GradientArguments<T>& arguments,
                 const GradientLines& lines,
                 std::int64_t start)
      : x(arguments.x + start),
        y(How::kMask == Mask::kFromOutput ? arguments.y + start : arguments.x + start),
        grad_y(arguments.grad_y + start),
        also_grad_y(How::kTwo ? arguments.also_grad_y + start : arguments.grad_y + start),
        scale(lines.scale.data()),
        shift(lines.shift.data()) {}

  /// The gradient that reaches the normalised value. The forward pass computed the same
  /// x * scale + shift, to the bit.
  HEADWAY_INLINE float gradient(std::int64_t j) const {
    const float value = How::kTwo ? load(grad_y[j]) + load(also_grad_y[j]) : load(grad_y[j]);
    if (How::kMask == Mask::kFromOutput) return kept_if(load(y[j]) > 0, value);
    if (How::kMask == Mask::kFromInput) return kept_if(load(x[j]) * scale[j] + shift[j] > 0, value);
    return value;
  }

  const T* __restrict x;
  const T* __restrict y;
  const T* __restrict grad_y;
  const T* __restrict also_grad_y;
  const float* __restrict scale;
  const float* __restrict shift;
};

template <typename T, typename How, bool kKeepsMasked>
HEADWAY_KERNEL void sum_lines(const GradientArguments<T>& arguments,
                              std::int64_t begin,
                              std::int64_t count,
                              const GradientLines& lines,
                              const LinePair& out,
                              T* masked) {
  const auto length = static_cast<std::int64_t>(lines.mean.size());
  const float* __restrict centre = lines.mean.data();
  float* __restrict sum = out.first;
  float* __restrict sum_with_x = out.second;
  Line scratch(lines.mean.size());
  float* __restrict g = scratch.data();
  for (std::int64_t i = begin; i < begin + count; ++i) {
    const GradientReader<T, How> reader(arguments, lines, i * length);
    for (std::int64_t j = 0; j < length; ++j) g[j] = reader.gradient(j);
    const T* __restrict x = reader.x;
    for (std::int64_t j = 0; j < length; ++j) {
      sum[j] += g[j];
      sum_with_x[j] += g[j] * (load(x[j]) - centre[j]);
    }
    if (!kKeepsMasked) continue;
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
};

template <typename T, typename How>
HEADWAY_KERNEL void input_gradient_lines(const GradientArguments<T>& arguments,
                                         std::int64_t begin,
                                         std::int64_t count,
                                         const GradientLines& lines,
                                         const InputGradientLines& factors,
                                         T* grad_x) {
  const auto length = static_cast<std::int64_t>(lines.mean.size());
  const float* __restrict by_gradient = factors.gradient.data();
  const float* __restrict by_x = factors.x.data();
  const float* __restrict constant = factors.constant.data();
  const float* __restrict mean = lines.mean.data();
  for (std::int64_t i = begin; i < begin + count; ++i) {
    const GradientReader<T, How> reader(arguments, lines, i * length);
    T* __restrict out = grad_x + i * length;
    for (std::int64_t j = 0; j < length; ++j) {
      store(out[j],
            by_gradient[j] * reader.gradient(j) + by_x[j] * (load(reader.x[j]) - mean[j]) +
                constant[j]);
    }
  }
}

}  // namespace

template <typename T>
void normalise(const NormaliseArguments<T>& arguments, const ActivationShape& shape) {
  const Lines lines(shape);
  const Line scale = tiled(*arguments.scale, lines);
  const Line shift = tiled(*arguments.shift, lines);
  const bool shortcut = arguments.shortcut != nullptr;
  auto* run =
      shortcut
          ? (arguments.relu ? normalise_lines<T, true, true> : normalise_lines<T, true, false>)
          : (arguments.relu ? normalise_lines<T, false, true> : normalise_lines<T, false, false>);
  for_each_slice(lines, [&](std::int64_t, std::int64_t begin, std::int64_t count) {
    run(arguments, begin, count, scale, shift);
  });
}

template <typename T>
GradientSums gradient_sums(const GradientArguments<T>& arguments,
                           T* masked,
                           const ActivationShape& shape) {
  const Lines lines(shape);
  const GradientLines tiles = gradient_lines(arguments, lines);
  const auto slices = static_cast<std::size_t>(lines.slices());
  std::vector<Line> sums(slices, empty_line(lines));
  std::vector<Line> sums_with_x(slices, empty_line(lines));
  with_reading(arguments, [&]<typename How>(How) {
    auto* run = masked != nullptr ? sum_lines<T, How, true> : sum_lines<T, How, false>;
    for_each_slice(lines, [&](std::int64_t slice, std::int64_t begin, std::int64_t count) {
      const auto index = static_cast<std::size_t>(slice);
      const LinePair out{sums[index].data(), sums_with_x[index].data()};
      run(arguments, begin, count, tiles, out, masked);
    });
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
  const GradientLines tiles = gradient_lines(arguments, lines);
  const InputGradientLines factor_tiles{
      tiled(factors.gradient, lines), tiled(factors.x, lines), tiled(factors.constant, lines)};
  with_reading(arguments, [&]<typename How>(How) {
    for_each_slice(lines, [&](std::int64_t, std::int64_t begin, std::int64_t count) {
      input_gradient_lines<T, How>(arguments, begin, count, tiles, factor_tiles, grad_x);
    });
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
