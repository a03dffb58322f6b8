#include "models/layers/batch_norm/channel_values.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace headway {

std::vector<float> to_vector(const at::Tensor& values) {
  const at::Tensor dense = values.detach().to(at::kCPU, at::kFloat).contiguous();
  const float* first = dense.const_data_ptr<float>();
  return {first, first + dense.numel()};
}

at::Tensor to_tensor(const std::vector<float>& values, const at::Tensor& like) {
  at::Tensor result = at::empty({static_cast<std::int64_t>(values.size())}, at::kFloat);
  std::ranges::copy(values, result.mutable_data_ptr<float>());
  return result.to(like.device());
}

}  // namespace headway
