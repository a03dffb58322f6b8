#include "comm/shared_block.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/errors.h"

namespace headway {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr int kSpinsBeforeYield = 2000;

std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

SharedBlock::SharedBlock(int fd, int ranks, std::size_t floats_per_rank)
    : fd_(fd), ranks_(ranks), floats_per_rank_(floats_per_rank) {
  stride_bytes_ = round_up(std::max<std::size_t>(floats_per_rank, 1) * sizeof(float), kPageBytes);
  bytes_ = kPageBytes + stride_bytes_ * static_cast<std::size_t>(ranks);
}

SharedBlock SharedBlock::create(int ranks, std::size_t floats_per_rank) {
  const int fd = ::memfd_create("headway-ranks", MFD_CLOEXEC);
  if (fd < 0) throw_errno("memfd_create");
  SharedBlock block(fd, ranks, floats_per_rank);
  const int status = ::posix_fallocate(fd, 0, static_cast<off_t>(block.bytes_));
  if (status != 0) {
    throw EnvironmentError(
        fmt::format("no {} bytes of shared memory for the gradients of {} ranks ({}); free memory, "
                    "or use fewer "
                    "ranks (resources.ranks)",
                    block.bytes_,
                    ranks,
                    std::strerror(status)));
  }
  block.memory_ = ::mmap(nullptr, block.bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (block.memory_ == MAP_FAILED) {
    block.memory_ = nullptr;
    throw_errno("mmap of shared memory");
  }
  block.address_ = {::getpid(), fd};
  return block;
}

SharedBlock SharedBlock::open(SharedBlockAddress address, int ranks, std::size_t floats_per_rank) {
  const std::string path = fmt::format("/proc/{}/fd/{}", address.pid, address.fd);
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) throw_errno("open of another rank's shared memory", path);
  SharedBlock block(fd, ranks, floats_per_rank);
  block.memory_ = ::mmap(nullptr, block.bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (block.memory_ == MAP_FAILED) {
    block.memory_ = nullptr;
    throw_errno("mmap of shared memory", path);
  }
  block.address_ = address;
  return block;
}

SharedBlock::SharedBlock(SharedBlock&& other) noexcept
    : address_(other.address_),
      fd_(std::exchange(other.fd_, -1)),
      ranks_(other.ranks_),
      floats_per_rank_(other.floats_per_rank_),
      stride_bytes_(other.stride_bytes_),
      memory_(std::exchange(other.memory_, nullptr)),
      bytes_(other.bytes_) {}

SharedBlock::~SharedBlock() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_);
  if (fd_ >= 0) ::close(fd_);
}

std::span<float> SharedBlock::values(int rank) const {
  auto* start = static_cast<std::byte*>(memory_) + kPageBytes +
                stride_bytes_ * static_cast<std::size_t>(rank);
  return {reinterpret_cast<float*>(start), floats_per_rank_};
}

void SharedBlock::barrier() {
  auto* header = static_cast<Header*>(memory_);  // zero pages are two zero atomics
  const std::uint32_t generation = header->generation.load(std::memory_order_acquire);
  const auto all = static_cast<std::uint32_t>(ranks_);
  if (header->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == all) {
    header->arrived.store(0, std::memory_order_relaxed);
    header->generation.fetch_add(1, std::memory_order_acq_rel);
    return;
  }
  int spins = 0;
  while (header->generation.load(std::memory_order_acquire) == generation) {
    if (++spins < kSpinsBeforeYield) {
      pause_briefly();
    } else {
      ::sched_yield();
    }
  }
}

}  // namespace headway
