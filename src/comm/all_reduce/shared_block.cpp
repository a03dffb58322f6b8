#include "comm/all_reduce/shared_block.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "base/errors.h"

namespace headway {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr int kSpinsBeforeYield = 2000;

std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// What the machine could still give. Reserving more would not fail but have processes killed.
std::uint64_t memory_to_be_had() {
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
  std::ifstream machine("/proc/meminfo");
  std::uint64_t kibibytes = 0;
  std::string unit;
  for (std::string key; machine >> key >> kibibytes; std::getline(machine, unit)) {
    if (key == "MemAvailable:") bytes = kibibytes * 1024;
  }
  std::ifstream cgroup("/sys/fs/cgroup/memory.max");  // "max" is no number
  std::uint64_t limit = 0;
  return cgroup >> limit ? std::min(bytes, limit) : bytes;
}

[[noreturn]] void throw_no_memory(std::size_t bytes, int ranks, const std::string& reason) {
  throw EnvironmentError(
      fmt::format("no {} MB of shared memory for the gradients of {} ranks ({}); free memory, or "
                  "use fewer ranks (resources.ranks)",
                  bytes / 1'000'000,
                  ranks,
                  reason));
}

}  // namespace

struct SharedBlock::Counters {
  struct alignas(64) Counter {
    std::atomic<std::uint64_t> count;
  };
  std::array<Counter, kStages> of_stage;

  std::atomic<std::uint64_t>& at(Stage stage) {
    return of_stage[static_cast<std::size_t>(stage)].count;
  }
};

SharedBlock::SharedBlock(int fd, int ranks, std::size_t floats_per_rank)
    : fd_(fd), ranks_(ranks), floats_per_rank_(floats_per_rank) {
  const auto count = static_cast<std::size_t>(ranks);
  header_bytes_ = round_up(count * sizeof(Counters), kPageBytes);
  stride_bytes_ = round_up(std::max<std::size_t>(floats_per_rank, 1) * sizeof(float), kPageBytes);
  bytes_ = header_bytes_ + stride_bytes_ * count;
}

SharedBlock SharedBlock::create(int ranks, std::size_t floats_per_rank) {
  const int fd = ::memfd_create("headway-ranks", MFD_CLOEXEC);
  if (fd < 0) throw_errno("memfd_create");
  SharedBlock block(fd, ranks, floats_per_rank);
  if (const std::uint64_t left = memory_to_be_had(); block.bytes_ > left) {
    throw_no_memory(block.bytes_, ranks, fmt::format("{} MB are left", left / 1'000'000));
  }
  const int status = ::posix_fallocate(fd, 0, static_cast<off_t>(block.bytes_));
  if (status != 0) throw_no_memory(block.bytes_, ranks, std::strerror(status));
  block.map();
  block.address_ = {::getpid(), fd};
  return block;
}

SharedBlock SharedBlock::open(SharedBlockAddress address, int ranks, std::size_t floats_per_rank) {
  const std::string path = fmt::format("/proc/{}/fd/{}", address.pid, address.fd);
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) throw_errno("open of another rank's shared memory", path);
  SharedBlock block(fd, ranks, floats_per_rank);
  block.map();
  block.address_ = address;
  return block;
}

void SharedBlock::map() {
  memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, 0);
  if (memory_ == MAP_FAILED) {
    memory_ = nullptr;
    throw_errno("mmap of shared memory");
  }
}

SharedBlock::SharedBlock(SharedBlock&& other) noexcept
    : address_(other.address_),
      fd_(std::exchange(other.fd_, -1)),
      ranks_(other.ranks_),
      floats_per_rank_(other.floats_per_rank_),
      header_bytes_(other.header_bytes_),
      stride_bytes_(other.stride_bytes_),
      memory_(std::exchange(other.memory_, nullptr)),
      bytes_(other.bytes_) {}

SharedBlock::~SharedBlock() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_);
  if (fd_ >= 0) ::close(fd_);
}

std::span<float> SharedBlock::values(int rank) const {
  auto* start = static_cast<std::byte*>(memory_) + header_bytes_ +
                stride_bytes_ * static_cast<std::size_t>(rank);
  return {reinterpret_cast<float*>(start), floats_per_rank_};
}

SharedBlock::Counters& SharedBlock::counters(int rank) const {
  return static_cast<Counters*>(memory_)[rank];  // zero pages are zero atomics
}

void SharedBlock::reach(Stage stage, int rank, std::uint64_t count) {
  counters(rank).at(stage).store(count, std::memory_order_release);
}

bool SharedBlock::all_reached(Stage stage, std::uint64_t count) const {
  for (int rank = 0; rank < ranks_; ++rank) {
    if (counters(rank).at(stage).load(std::memory_order_acquire) < count) return false;
  }
  return true;
}

void SharedBlock::wait_for_all(Stage stage, std::uint64_t count) const {
  Backoff backoff;
  while (!all_reached(stage, count)) backoff.pause();
}

void Backoff::pause() {
  if (++spins_ > kSpinsBeforeYield) {
    ::sched_yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace headway
