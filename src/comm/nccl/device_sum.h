#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace headway {

// On arrays in GPU memory, on `stream`; all return at once. bfloat16 as in bf16.h.

/// values[i] += received[i].
void add_on_device(float* values, const float* received, std::size_t count, cudaStream_t stream);
/// packed[i] = bf16(values[i]).
void pack_on_device(const float* values,
                    std::uint16_t* packed,
                    std::size_t count,
                    cudaStream_t stream);
/// values[i] = packed[i].
void unpack_on_device(const std::uint16_t* packed,
                      float* values,
                      std::size_t count,
                      cudaStream_t stream);
/// values[i] = bf16(values[i] + packed[i]).
void add_packed_on_device(const std::uint16_t* packed,
                          float* values,
                          std::size_t count,
                          cudaStream_t stream);

}  // namespace headway
