#include <cuda_runtime_api.h>
#include <fmt/format.h>
#include <nccl.h>

#include <exception>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "comm/device_communicator.h"
#include "comm/device_sum.h"

namespace headway {
namespace {

void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  throw EnvironmentError(fmt::format("{} failed: {}", call, cudaGetErrorString(status)));
}

void check_nccl(ncclResult_t status, const char* call) {
  if (status == ncclSuccess) return;
  throw EnvironmentError(fmt::format("{} failed: {}", call, ncclGetErrorString(status)));
}

/// Owns one NCCL communicator. Destroys it normally, aborts it while an exception unwinds: destroy
/// waits for peers, and a failed rank's peers never answer.
class NcclHandle {
 public:
  NcclHandle(int rank, int size, ncclUniqueId id) {
    check_nccl(ncclCommInitRank(&handle_, size, id, rank), "ncclCommInitRank");
  }
  NcclHandle(const NcclHandle&) = delete;
  NcclHandle& operator=(const NcclHandle&) = delete;
  ~NcclHandle() {
    if (std::uncaught_exceptions() > unwinding_) {
      ncclCommAbort(handle_);
    } else {
      ncclCommDestroy(handle_);
    }
  }
  ncclComm_t native() const { return handle_; }

 private:
  ncclComm_t handle_ = nullptr;
  int unwinding_ = std::uncaught_exceptions();
};

class Stream {
 public:
  Stream() {
    check_cuda(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { cudaStreamDestroy(handle_); }
  cudaStream_t native() const { return handle_; }

 private:
  cudaStream_t handle_ = nullptr;
};

class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory() { cudaFree(address_); }
  float* at_least(std::size_t count) {
    if (count > count_) {
      cudaFree(std::exchange(address_, nullptr));
      check_cuda(cudaMalloc(reinterpret_cast<void**>(&address_), count * sizeof(float)),
                 "cudaMalloc");
      count_ = count;
    }
    return address_;
  }

 private:
  float* address_ = nullptr;
  std::size_t count_ = 0;
};

ncclUniqueId shared_id(Communicator& comm) {
  ncclUniqueId id{};
  if (comm.rank() == 0) check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
  const std::string text =
      comm.broadcast(std::string(static_cast<const char*>(id.internal), sizeof(id.internal)));
  std::copy(text.begin(), text.end(), static_cast<char*>(id.internal));
  return id;
}

class Nccl final : public DeviceCommunicator {
 public:
  explicit Nccl(Communicator& comm)
      : rank_(comm.rank()), size_(comm.size()), handle_(rank_, size_, shared_id(comm)) {}

  void sum(float* values, std::size_t count, bool ordered) override {
    check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");  // the gradients are complete
    if (ordered) {
      sum_in_tree_order(values, count);
    } else {
      check_nccl(ncclAllReduce(
                     values, values, count, ncclFloat, ncclSum, handle_.native(), stream_.native()),
                 "ncclAllReduce");
    }
    check_cuda(cudaStreamSynchronize(stream_.native()), "cudaStreamSynchronize");
  }

 private:
  // Recursive doubling, as between CPU ranks: partners add the same two numbers.
  void sum_in_tree_order(float* values, std::size_t count) {
    float* received = received_.at_least(count);
    for (int distance = 1; distance < size_; distance *= 2) {
      const int partner = rank_ ^ distance;
      check_nccl(ncclGroupStart(), "ncclGroupStart");
      check_nccl(ncclSend(values, count, ncclFloat, partner, handle_.native(), stream_.native()),
                 "ncclSend");
      check_nccl(ncclRecv(received, count, ncclFloat, partner, handle_.native(), stream_.native()),
                 "ncclRecv");
      check_nccl(ncclGroupEnd(), "ncclGroupEnd");
      add_on_device(values, received, count, stream_.native());
      check_cuda(cudaGetLastError(), "addition kernel");
    }
  }

  int rank_;
  int size_;
  Stream stream_;
  DeviceMemory received_;
  NcclHandle handle_;
};

}  // namespace

std::unique_ptr<DeviceCommunicator> make_device_communicator(Communicator& comm) {
  return std::make_unique<Nccl>(comm);
}

std::string nccl_version() {
  int version = 0;
  if (ncclGetVersion(&version) != ncclSuccess) return "unknown";
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

std::string cuda_version() {
  int version = 0;
  if (cudaRuntimeGetVersion(&version) != cudaSuccess) return "unknown";
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

int gpu_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

void select_gpu(int index) {
  check_cuda(cudaSetDevice(index), "cudaSetDevice");
}

}  // namespace headway
