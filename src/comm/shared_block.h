#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace headway {

/// Where a process's anonymous memory file can be opened by the other ranks of its node.
struct SharedBlockAddress {
  std::int64_t pid = 0;
  int fd = -1;
};

/// Memory that all ranks of one node map: a barrier's counter and one array of floats per rank.
/// An anonymous memory file, so nothing is left behind when ranks are killed, and the size of
/// /dev/shm does not bound it. The pages are reserved at once: too little memory is an error here,
/// never a SIGBUS later.
class SharedBlock {
 public:
  /// Rank 0 of the node makes it; EnvironmentError when the machine lacks the memory.
  static SharedBlock create(int ranks, std::size_t floats_per_rank);
  /// The others open it by its maker's address.
  static SharedBlock open(SharedBlockAddress address, int ranks, std::size_t floats_per_rank);

  SharedBlock(SharedBlock&& other) noexcept;
  SharedBlock& operator=(SharedBlock&&) = delete;
  ~SharedBlock();

  SharedBlockAddress address() const { return address_; }
  std::span<float> values(int rank) const;
  /// Waits until all ranks have come. Spins, then yields: ranks may outnumber cores.
  void barrier();

 private:
  struct Header {
    alignas(64) std::atomic<std::uint32_t> arrived;
    alignas(64) std::atomic<std::uint32_t> generation;
  };

  SharedBlock(int fd, int ranks, std::size_t floats_per_rank);

  SharedBlockAddress address_;
  int fd_ = -1;
  int ranks_ = 0;
  std::size_t floats_per_rank_ = 0;
  std::size_t stride_bytes_ = 0;  // from one rank's array to the next
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace headway
