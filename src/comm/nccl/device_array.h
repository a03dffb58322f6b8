#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "comm/communicator.h"

namespace headway {

struct DeviceSumOptions {
  SumPrecision precision = SumPrecision::kFloat32;
  bool ordered = true;  // the fixed tree, the same bits for every number of ranks; else NCCL's own
                        // order, faster
};

/// An array in the memory of each rank's current GPU, summed by NCCL on a stream of its own. Values
/// are taken as the default stream leaves them, and what that stream does after all_reduce() sees
/// the sum; the host does not wait. EnvironmentError when this build has no NCCL, or NCCL refuses.
/// Collective over `comm`, which must outlive it.
std::unique_ptr<AllReduceBuffer> make_device_array(Communicator& comm,
                                                   std::size_t count,
                                                   const DeviceSumOptions& options);

/// "2.28.9"; "none" when built without CUDA.
std::string nccl_version();
/// "13.0"; "none" when built without CUDA.
std::string cuda_version();
/// GPUs that this process may use.
int gpu_count();
/// Makes GPU `index` this thread's current one.
void select_gpu(int index);

}  // namespace headway
