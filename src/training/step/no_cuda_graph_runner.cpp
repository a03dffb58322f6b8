#include <stdexcept>

#include "training/step/cuda_graph_runner.h"

namespace headway {

std::unique_ptr<CudaGraphRunner> make_cuda_graph_runner() {
  throw std::logic_error("this build has no CUDA");
}

}  // namespace headway
