#include <cuda_runtime_api.h>
#include <fmt/format.h>
#include <nccl.h>

#include <algorithm>
#include <cstdint>
#include <exception>

#include "base/errors.h"
#include "comm/all_reduce/recursive_halving.h"
#include "comm/nccl/device_array.h"
#include "comm/nccl/device_sum.h"

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
    check_nccl(ncclCommInitRank(&handle_, size, id, rank),
               "ncclCommInitRank, which wants a GPU of its own for each rank,");
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

class Event {
 public:
  Event() { check_cuda(cudaEventCreateWithFlags(&handle_, cudaEventDisableTiming), "cudaEvent"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { cudaEventDestroy(handle_); }

  /// What `later` does from now on waits for what `earlier` has been given so far.
  void order(cudaStream_t earlier, cudaStream_t later) {
    check_cuda(cudaEventRecord(handle_, earlier), "cudaEventRecord");
    check_cuda(cudaStreamWaitEvent(later, handle_, 0), "cudaStreamWaitEvent");
  }

 private:
  cudaEvent_t handle_ = nullptr;
};

template <typename T>
class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t count) {
    check_cuda(cudaMalloc(&address_, std::max<std::size_t>(count, 1) * sizeof(T)), "cudaMalloc");
    check_cuda(cudaMemset(address_, 0, count * sizeof(T)), "cudaMemset");
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory() { cudaFree(address_); }
  T* get() const { return static_cast<T*>(address_); }

 private:
  void* address_ = nullptr;
};

ncclUniqueId shared_id(Communicator& comm) {
  ncclUniqueId id{};
  if (comm.rank() == 0) check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
  const std::string text =
      comm.broadcast(std::string(static_cast<const char*>(id.internal), sizeof(id.internal)));
  std::copy(text.begin(), text.end(), static_cast<char*>(id.internal));
  return id;
}

constexpr cudaStream_t kDefaultStream = nullptr;
constexpr std::size_t kBucketElements = 1 << 22;  // summed at once: 16 MiB

class NcclArray final : public AllReduceBuffer {
 public:
  NcclArray(Communicator& comm, std::size_t count, const DeviceSumOptions& options)
      : rank_(comm.rank()),
        size_(comm.size()),
        count_(count),
        options_(options),
        values_(count),
        received_(packs() ? 0 : bucket()),
        packed_out_(packs() ? bucket() : 0),
        packed_in_(packs() ? bucket() : 0),
        handle_(rank_, size_, shared_id(comm)) {}

  void begin_write() override {}
  std::span<float> values() override { return {values_.get(), count_}; }
  std::span<float> result() override { return values(); }
  void end_read() override {}

  void mark_ready(std::size_t count) override {
    sum_up_to(count == count_ ? count_ : count / kBucketElements * kBucketElements);
  }

  void all_reduce() override {
    sum_up_to(count_);
    summed_ = 0;
    done_.order(stream_.native(), kDefaultStream);
  }

 private:
  bool packs() const { return options_.precision == SumPrecision::kBfloat16; }
  std::size_t bucket() const { return std::min(kBucketElements, count_); }

  /// All ranks cut the array into the same buckets, however they were told of it.
  void sum_up_to(std::size_t end) {
    if (end <= summed_) return;
    ready_.order(kDefaultStream, stream_.native());
    for (; summed_ < end; summed_ += std::min(kBucketElements, count_ - summed_)) {
      const std::size_t length = std::min(kBucketElements, count_ - summed_);
      options_.ordered ? sum_in_tree_order(values_.get() + summed_, length)
                       : sum_in_any_order(values_.get() + summed_, length);
    }
    check_cuda(cudaGetLastError(), "addition kernel");
  }

  void sum_in_any_order(float* values, std::size_t count) {
    const cudaStream_t stream = stream_.native();
    if (packs()) pack_on_device(values, packed_out_.get(), count, stream);
    void* place = packs() ? static_cast<void*>(packed_out_.get()) : values;
    check_nccl(ncclAllReduce(place, place, count, type(), ncclSum, handle_.native(), stream),
               "ncclAllReduce");
    if (packs()) unpack_on_device(packed_out_.get(), values, count, stream);
  }

  void sum_in_tree_order(float* values, std::size_t count) {
    for (const ExchangeStep& step : exchange_steps(rank_, size_, count)) {
      packs() ? exchange_packed(values, step) : exchange(values, step);
    }
  }

  void exchange(float* values, const ExchangeStep& step) {
    float* place = values + step.receive.begin;
    float* arriving = step.adds ? received_.get() : place;
    send_and_receive(values + step.send.begin, arriving, step);
    if (step.adds) add_on_device(place, arriving, step.receive.size(), stream_.native());
  }

  void exchange_packed(float* values, const ExchangeStep& step) {
    const cudaStream_t stream = stream_.native();
    float* place = values + step.receive.begin;
    pack_on_device(values + step.send.begin, packed_out_.get(), step.send.size(), stream);
    send_and_receive(packed_out_.get(), packed_in_.get(), step);
    if (step.adds) {
      add_packed_on_device(packed_in_.get(), place, step.receive.size(), stream);
    } else {
      unpack_on_device(packed_in_.get(), place, step.receive.size(), stream);
    }
  }

  void send_and_receive(const void* out, void* in, const ExchangeStep& step) {
    const ncclComm_t comm = handle_.native();
    const cudaStream_t stream = stream_.native();
    check_nccl(ncclGroupStart(), "ncclGroupStart");
    check_nccl(ncclSend(out, step.send.size(), type(), step.partner, comm, stream), "ncclSend");
    check_nccl(ncclRecv(in, step.receive.size(), type(), step.partner, comm, stream), "ncclRecv");
    check_nccl(ncclGroupEnd(), "ncclGroupEnd");
  }

  ncclDataType_t type() const { return packs() ? ncclBfloat16 : ncclFloat; }

  int rank_;
  int size_;
  std::size_t count_;
  DeviceSumOptions options_;
  std::size_t summed_ = 0;  // of the sum under way: what the stream has been given, from the front
  Stream stream_;
  Event ready_;
  Event done_;
  DeviceMemory<float> values_;
  DeviceMemory<float> received_;
  DeviceMemory<std::uint16_t> packed_out_;
  DeviceMemory<std::uint16_t> packed_in_;
  NcclHandle handle_;
};

}  // namespace

std::unique_ptr<AllReduceBuffer> make_device_array(Communicator& comm,
                                                   std::size_t count,
                                                   const DeviceSumOptions& options) {
  return std::make_unique<NcclArray>(comm, count, options);
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
