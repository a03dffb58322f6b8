#pragma once

#include <cstdint>
#include <vector>

namespace headway {

/// A channels-last activation seen as a matrix, dense and row-major: one row per (image, row,
/// column), one column per channel. Each kernel below goes over it once. They cut it into a fixed
/// number of slices, so results do not depend on the number of threads. T: float or c10::BFloat16;
/// arithmetic is in float32, sums over slices in double.
struct ActivationShape {
  std::int64_t rows = 0;      // B * H * W
  std::int64_t channels = 0;  // C
};

/// Per channel, over all rows; [C] each.
struct ChannelMoments {
  std::vector<float> mean;
  std::vector<float> variance;  // biased
};

template <typename T>
ChannelMoments channel_moments(const T* x, const ActivationShape& shape);

template <typename T>
struct NormaliseArguments {
  const T* x = nullptr;
  const T* shortcut = nullptr;  // may be null
  T* y = nullptr;
  const std::vector<float>* scale = nullptr;  // [C]
  const std::vector<float>* shift = nullptr;  // [C]
  bool relu = false;
};

/// y = scale x + shift [+ shortcut], then max(0, y) if `relu`.
template <typename T>
void normalise(const NormaliseArguments<T>& arguments, const ActivationShape& shape);

/// What the gradient g at the normalised value follows from: grad_y + also_grad_y, or 0 where ReLU
/// gave 0. That is told by y; or, which spares reading it, by scale and shift where ReLU followed x
/// * scale + shift at once; without either there was no ReLU, or grad_y is masked already.
template <typename T>
struct GradientArguments {
  const T* x = nullptr;
  const T* y = nullptr;
  const T* grad_y = nullptr;
  const T* also_grad_y = nullptr;  // what flows back from a second reader of y; may be null
  const std::vector<float>* mean = nullptr;  // of x [C]
  const std::vector<float>* scale = nullptr;
  const std::vector<float>* shift = nullptr;
};

/// Per channel, over all rows; [C] each.
struct GradientSums {
  std::vector<float> sum;         // of g
  std::vector<float> sum_with_x;  // of g (x - mean)
};

/// `masked`, unless null, receives g.
template <typename T>
GradientSums gradient_sums(const GradientArguments<T>& arguments,
                           T* masked,
                           const ActivationShape& shape);

/// [C] each.
struct InputGradientFactors {
  std::vector<float> gradient;
  std::vector<float> x;
  std::vector<float> constant;
};

/// grad_x = factors.gradient g + factors.x (x - mean) + factors.constant.
template <typename T>
void input_gradient(const GradientArguments<T>& arguments,
                    const InputGradientFactors& factors,
                    T* grad_x,
                    const ActivationShape& shape);

}  // namespace headway
