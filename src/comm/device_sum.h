#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace headway {

/// values[i] += received[i] in GPU memory, on `stream`; returns at once.
void add_on_device(float* values, const float* received, std::size_t count, cudaStream_t stream);

}  // namespace headway
