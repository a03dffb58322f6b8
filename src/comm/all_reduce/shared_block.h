#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace headway {

/// Where a process's anonymous memory file can be opened by the other ranks of its node.
struct SharedBlockAddress {
  std::int64_t pid = 0;
  std::int64_t fd = -1;
};

/// Memory that all ranks of one node map: one array of floats per rank, and for each rank
/// counters of what it has done, by which ranks wait for one another. A rank writes only its own
/// counters, each on a cache line of its own, and they only rise.
///
/// An anonymous memory file, so nothing is left behind when ranks are killed, and the size of
/// /dev/shm does not bound it. The pages are reserved at once: too little memory is an error here,
/// never a SIGBUS later.
class SharedBlock {
 public:
  /// One rank of the node makes it; EnvironmentError when the machine lacks the memory.
  static SharedBlock create(int ranks, std::size_t floats_per_rank);
  /// The others open it by its maker's address.
  static SharedBlock open(SharedBlockAddress address, int ranks, std::size_t floats_per_rank);

  SharedBlock(SharedBlock&& other) noexcept;
  SharedBlock& operator=(SharedBlock&&) = delete;
  ~SharedBlock();

  SharedBlockAddress address() const { return address_; }
  std::span<float> values(int rank) const;

  enum class Stage { kReady, kDone, kReleased };
  static constexpr std::size_t kStages = 3;
  void reach(Stage stage, int rank, std::uint64_t count);
  bool all_reached(Stage stage, std::uint64_t count) const;
  /// Spins, then yields: ranks may outnumber cores.
  void wait_for_all(Stage stage, std::uint64_t count) const;

 private:
  struct Counters;

  SharedBlock(int fd, int ranks, std::size_t floats_per_rank);
  void map();
  Counters& counters(int rank) const;

  SharedBlockAddress address_;
  int fd_ = -1;
  int ranks_ = 0;
  std::size_t floats_per_rank_ = 0;
  std::size_t header_bytes_ = 0;  // the counters
  std::size_t stride_bytes_ = 0;  // from one rank's array to the next
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Waits a moment: the first calls spin, later ones let other processes run.
class Backoff {
 public:
  void pause();

 private:
  int spins_ = 0;
};

}  // namespace headway
