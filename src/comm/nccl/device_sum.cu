#include <cuda_bf16.h>

#include <algorithm>

#include "comm/nccl/device_sum.h"

namespace headway {
namespace {

constexpr int kThreads = 256;
constexpr std::size_t kMaximumBlocks = 2048;

__device__ float to_float(std::uint16_t bits) {
  return __bfloat162float(__ushort_as_bfloat16(bits));
}

__device__ std::uint16_t to_bf16(float value) {
  return __bfloat16_as_ushort(__float2bfloat16_rn(value));
}

struct Add {
  float* values;
  const float* received;
  __device__ void operator()(std::size_t i) const { values[i] += received[i]; }
};

struct Pack {
  const float* values;
  std::uint16_t* packed;
  __device__ void operator()(std::size_t i) const { packed[i] = to_bf16(values[i]); }
};

struct Unpack {
  const std::uint16_t* packed;
  float* values;
  __device__ void operator()(std::size_t i) const { values[i] = to_float(packed[i]); }
};

struct AddPacked {
  const std::uint16_t* packed;
  float* values;
  __device__ void operator()(std::size_t i) const {
    values[i] = to_float(to_bf16(values[i] + to_float(packed[i])));
  }
};

template <typename Body>
__global__ void for_each(Body body, std::size_t count) {
  const std::size_t stride = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += stride) {
    body(i);
  }
}

template <typename Body>
void launch(const Body& body, std::size_t count, cudaStream_t stream) {
  if (count == 0) return;
  const std::size_t blocks = std::min(kMaximumBlocks, (count + kThreads - 1) / kThreads);
  for_each<<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(body, count);
}

}  // namespace

void add_on_device(float* values, const float* received, std::size_t count, cudaStream_t stream) {
  launch(Add{values, received}, count, stream);
}

void pack_on_device(const float* values,
                    std::uint16_t* packed,
                    std::size_t count,
                    cudaStream_t stream) {
  launch(Pack{values, packed}, count, stream);
}

void unpack_on_device(const std::uint16_t* packed,
                      float* values,
                      std::size_t count,
                      cudaStream_t stream) {
  launch(Unpack{packed, values}, count, stream);
}

void add_packed_on_device(const std::uint16_t* packed,
                          float* values,
                          std::size_t count,
                          cudaStream_t stream) {
  launch(AddPacked{packed, values}, count, stream);
}

}  // namespace headway
