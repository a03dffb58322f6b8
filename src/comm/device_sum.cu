#include <algorithm>

#include "comm/device_sum.h"

namespace headway {
namespace {

constexpr int kThreads = 256;
constexpr std::size_t kMaximumBlocks = 2048;

__global__ void add(float* values, const float* received, std::size_t count) {
  const std::size_t stride = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    values[i] += received[i];
  }
}

}  // namespace

void add_on_device(float* values, const float* received, std::size_t count, cudaStream_t stream) {
  const std::size_t blocks = std::min(kMaximumBlocks, (count + kThreads - 1) / kThreads);
  add<<<static_cast<unsigned>(std::max<std::size_t>(blocks, 1)), kThreads, 0, stream>>>(
      values, received, count);
}

}  // namespace headway
