#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace headway {

/// Work for this process's current GPU that is the same each time but for the values in its
/// tensors. The first two runs launch it kernel by kernel; the third is recorded as a CUDA graph,
/// which this run and all later ones replay: launching kernels one by one costs the host more time
/// than small models cost the GPU.
class CudaGraphRunner {
 public:
  virtual ~CudaGraphRunner() = default;
  /// Runs `work`, told apart by `key`, after what the current stream has been given so far and
  /// before what it is given next. It must not wait for the GPU, and its tensors must stay where
  /// they are. False when it was replayed without a call of `work`.
  virtual bool run(std::int64_t key, const std::function<void()>& work) = 0;
};

/// A std::logic_error when this build has no CUDA.
std::unique_ptr<CudaGraphRunner> make_cuda_graph_runner();

}  // namespace headway
