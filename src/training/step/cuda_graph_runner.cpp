#include "training/step/cuda_graph_runner.h"

#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>

#include <map>

namespace headway {
namespace {

constexpr int kRunsBeforeRecording = 2;  // libraries choose kernels and take their memory in these

class RecordingCudaGraphRunner final : public CudaGraphRunner {
 public:
  bool run(std::int64_t key, const std::function<void()>& work) override {
    const c10::cuda::CUDAStream outside = c10::cuda::getCurrentCUDAStream();
    order(outside, stream_);
    bool called = false;
    {
      const c10::cuda::CUDAStreamGuard guard(stream_);  // graphs cannot be recorded on the default
      called = run_on_current_stream(recordings_[key], work);
    }
    order(stream_, outside);
    return called;
  }

 private:
  struct Recording {
    int runs = 0;
    std::unique_ptr<at::cuda::CUDAGraph> graph;
  };

  bool run_on_current_stream(Recording& recording, const std::function<void()>& work) {
    if (recording.graph) {
      recording.graph->replay();
      return false;
    }
    if (recording.runs++ < kRunsBeforeRecording) {
      work();
      return true;
    }
    c10::cuda::CUDACachingAllocator::emptyCache();  // the recording has memory of its own
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    // Other threads may go on using the GPU meanwhile.
    graph->capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      end_failed_recording(*graph);
      throw;
    }
    graph->capture_end();
    graph->replay();
    recording.graph = std::move(graph);
    return true;
  }

  // The cause is the exception under way; the recording that it broke off is no use.
  static void end_failed_recording(at::cuda::CUDAGraph& graph) noexcept {
    try {
      graph.capture_end();
    } catch (...) {  // NOLINT(bugprone-empty-catch)
    }
  }

  static void order(const c10::cuda::CUDAStream& earlier, const c10::cuda::CUDAStream& later) {
    at::cuda::CUDAEvent event;
    event.record(earlier);
    event.block(later);
  }

  c10::cuda::CUDAStream stream_ = c10::cuda::getStreamFromPool(/*isHighPriority=*/false);
  at::cuda::MempoolId_t pool_ = at::cuda::graph_pool_handle();
  std::map<std::int64_t, Recording> recordings_;
};

}  // namespace

std::unique_ptr<CudaGraphRunner> make_cuda_graph_runner() {
  return std::make_unique<RecordingCudaGraphRunner>();
}

}  // namespace headway
