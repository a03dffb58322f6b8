#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "comm/communicator.h"

namespace headway {

/// Sums arrays in GPU memory over the ranks of a Communicator, by NCCL, on a stream of its own.
class DeviceCommunicator {
 public:
  virtual ~DeviceCommunicator() = default;
  /// In place; returns when the sum is there. `ordered`: the fixed tree of Communicator::sum, the
  /// same bits for every number of ranks; otherwise NCCL's own order, faster. Collective.
  virtual void sum(float* device_values, std::size_t count, bool ordered) = 0;
};

/// One GPU per rank: the current one. EnvironmentError when this build has no NCCL, or NCCL
/// refuses.
std::unique_ptr<DeviceCommunicator> make_device_communicator(Communicator& comm);

/// "2.28.9"; "none" when built without CUDA.
std::string nccl_version();
/// "13.0"; "none" when built without CUDA.
std::string cuda_version();
/// GPUs that this process may use.
int gpu_count();
/// Makes GPU `index` this thread's current one.
void select_gpu(int index);

}  // namespace headway
