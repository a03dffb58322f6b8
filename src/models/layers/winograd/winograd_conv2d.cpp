#include "models/layers/winograd/winograd_conv2d.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include "models/layers/winograd/winograd_kernels.h"

namespace headway {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

Convolution3x3 shape_of(const at::Tensor& x, const at::Tensor& weight) {
  return {.images = x.size(0),
          .height = x.size(2),
          .width = x.size(3),
          .in = x.size(1),
          .out = weight.size(0)};
}

at::Tensor channels_last(at::IntArrayRef sizes) {
  return at::empty(sizes, at::kFloat, kChannelsLast);
}

struct WinogradConv2d : torch::autograd::Function<WinogradConv2d> {
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& x,
                            const at::Tensor& weight) {
    const at::Tensor dense = x.contiguous(kChannelsLast);
    const at::Tensor dense_weight = weight.contiguous(kChannelsLast);
    context->save_for_backward({dense, dense_weight});
    const Convolution3x3 shape = shape_of(x, weight);
    at::Tensor y = channels_last({shape.images, shape.out, shape.height, shape.width});
    winograd_output(shape,
                    dense.const_data_ptr<float>(),
                    dense_weight.const_data_ptr<float>(),
                    y.mutable_data_ptr<float>());
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const at::Tensor grad_y = gradients[0].contiguous(kChannelsLast);
    const Convolution3x3 shape = shape_of(x, weight);
    variable_list result(2);
    if (context->needs_input_grad(0)) {
      result[0] = channels_last(x.sizes());
      winograd_input_gradient(shape,
                              grad_y.const_data_ptr<float>(),
                              weight.const_data_ptr<float>(),
                              result[0].mutable_data_ptr<float>());
    }
    if (context->needs_input_grad(1)) {
      result[1] = channels_last(weight.sizes());
      winograd_weight_gradient(shape,
                               x.const_data_ptr<float>(),
                               grad_y.const_data_ptr<float>(),
                               result[1].mutable_data_ptr<float>());
    }
    return result;
  }
};

}  // namespace

bool can_use_winograd(const at::Tensor& x, const at::Tensor& weight) {
  return x.is_cpu() && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat &&
         x.numel() > 0 && !at::autocast::is_autocast_enabled(at::kCPU) &&
         winograd_takes(x.size(1), weight.size(0));
}

at::Tensor winograd_conv2d(const at::Tensor& x, const at::Tensor& weight) {
  return WinogradConv2d::apply(x, weight);
}

}  // namespace headway
