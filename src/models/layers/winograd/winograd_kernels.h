#pragma once

#include <cstdint>

namespace headway {

/// A 3x3 convolution of stride 1 with a border of one zero: x [N, H, W, in] -> y [N, H, W, out].
struct Convolution3x3 {
  std::int64_t images = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t in = 0;   // channels
  std::int64_t out = 0;  // channels
};

/// Whether this CPU runs the kernels below (AVX2 or AVX-512), and they take such channels: both
/// multiples of 8.
bool winograd_takes(std::int64_t in, std::int64_t out);

// Winograd's minimal filtering F(2x2, 3x3) in float32, after Lavin and Gray (CVPR 2016, arXiv
// 1509.09308): 16 products per pair of channels give 2x2 pixels, where the plain sum takes 36.
// Activations lie in memory as [N, H, W, C], weights as [out, 3, 3, in]: channels-last. The bits of
// an image's values depend neither on the other images nor on the number of threads, nor do those
// of the gradient of the weights on the number of threads.

/// y [N, H, W, out] from x [N, H, W, in].
void winograd_output(const Convolution3x3& shape, const float* x, const float* weight, float* y);

/// The loss's gradient by x [N, H, W, in] from that by y [N, H, W, out].
void winograd_input_gradient(const Convolution3x3& shape,
                             const float* grad_y,
                             const float* weight,
                             float* grad_x);

/// The loss's gradient by the weights [out, 3, 3, in].
void winograd_weight_gradient(const Convolution3x3& shape,
                              const float* x,
                              const float* grad_y,
                              float* grad_weight);

}  // namespace headway
