#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace headway {

/// The ranks that train one trial together. Every method is collective: all ranks must call it, in
/// the same order, with equal sizes. The number of ranks is a power of two.
///
/// Sums follow one fixed binary tree over ranks, so that with the sum over a rank's own shards
/// below it the result has the same bits for every number of ranks.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual void barrier() = 0;
  /// Rank 0's text on every rank.
  virtual std::string broadcast(const std::string& text) = 0;
  /// `own` of every rank, in rank order, on every rank. all.size() = size() * own.size().
  virtual void all_gather(std::span<const std::byte> own, std::span<std::byte> all) = 0;
  /// Zeroed memory for values to be summed, 64-byte aligned; ranks of one node keep it where sum()
  /// can reduce it in place. Belongs to the communicator and lives as long.
  virtual std::span<float> allocate(std::size_t count) = 0;
  /// In place, in tree order; all ranks end with the same bits. Fastest on memory from allocate().
  virtual void sum(std::span<float> values) = 0;
  virtual void sum(std::span<double> values) = 0;
  /// The bitwise or over ranks: flags such as "a signal came", "this rank failed".
  virtual std::uint32_t combine_flags(std::uint32_t flags) = 0;
};

/// The communicator of a process that runs alone; needs no MPI runtime.
std::unique_ptr<Communicator> make_single_process_communicator();

/// MPI's life time: init at construction, finalize at destruction. At most one per process.
class MpiSession {
 public:
  MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;
  ~MpiSession();
};

/// All ranks of the MPI launch. Ranks of one node reduce through shared memory, others by messages.
/// ConfigError unless their number is a power of two. `session` must outlive it.
std::unique_ptr<Communicator> make_mpi_communicator(MpiSession& session);

/// Ends all ranks of the launch at once: for faults on which ranks cannot agree.
[[noreturn]] void abort_all_ranks(int exit_code);

/// "Open MPI 4.1.4", without starting MPI.
std::string mpi_library_version();

}  // namespace headway
