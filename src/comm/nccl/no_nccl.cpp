#include "base/errors.h"
#include "comm/nccl/device_array.h"

namespace headway {

namespace {
constexpr auto kReason =
    "this build has no CUDA; configure with -DHEADWAY_CUDA=ON, or set resources.device to cpu";
}

std::unique_ptr<AllReduceBuffer> make_device_array(Communicator&,
                                                   std::size_t,
                                                   const DeviceSumOptions&) {
  throw EnvironmentError(kReason);
}
std::string nccl_version() {
  return "none";
}
std::string cuda_version() {
  return "none";
}
int gpu_count() {
  return 0;
}
void select_gpu(int) {
  throw EnvironmentError(kReason);
}

}  // namespace headway
