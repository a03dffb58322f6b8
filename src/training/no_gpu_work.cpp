#include <stdexcept>

#include "training/gpu_work.h"

namespace headway {

std::unique_ptr<GpuWork> make_gpu_work() {
  throw std::logic_error("this build has no CUDA");
}

}  // namespace headway
