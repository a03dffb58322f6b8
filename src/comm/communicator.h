#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace headway {

/// What every partial sum of a tree is rounded to, and so what a message holds. With kBfloat16 the
/// summands must be representable in bfloat16 too (see bf16.h); memory holds float32 all the same.
enum class SumPrecision { kFloat32, kBfloat16 };

/// An array of each rank that is summed over ranks again and again, as gradients are: acquire,
/// write, sum, read, release. How much of the sum overlaps with the computation of the values is
/// the transport's affair.
class AllReduceBuffer {
 public:
  virtual ~AllReduceBuffer() = default;
  /// Waits until all ranks of the node have released the total: from then on values may be written,
  /// and further calls return at once.
  virtual void begin_write() = 0;
  /// This rank's values, 64-byte aligned, zeroed at first. They lie where ranks of a node can
  /// reduce them in place, or in GPU memory.
  virtual std::span<float> values() = 0;
  /// The first `count` values are final: their part of the coming sum may begin, and they must not
  /// be touched until it is complete. Not collective, never waits.
  virtual void mark_ready(std::size_t count) = 0;
  /// In tree order; all ranks see the same bits. What values() holds afterwards is not said.
  /// Collective.
  virtual void all_reduce() = 0;
  /// The sum, from all_reduce() to end_read(). Ranks of a node read one copy, or it lies where
  /// values() do.
  virtual std::span<float> result() = 0;
  /// This rank has read the total. Never waits.
  virtual void end_read() = 0;
};

/// The ranks that train one trial together. Every method is collective unless it says otherwise:
/// all ranks must call it, in the same order, with equal sizes. The number of ranks is a power of
/// two.
///
/// Sums follow one fixed binary tree over ranks, so that with the sum over a rank's own shards
/// below it the result has the same bits for every number of ranks.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Whether threads of one process may take turns at calling this. Not collective.
  virtual bool allows_threads() const = 0;
  virtual void barrier() = 0;
  /// Rank 0's text on every rank.
  virtual std::string broadcast(const std::string& text) = 0;
  /// `own` of every rank, in rank order, on every rank. all.size() = size() * own.size().
  virtual void all_gather(std::span<const std::byte> own, std::span<std::byte> all) = 0;
  /// EnvironmentError on all ranks when one of them lacks the memory. Must not outlive this.
  virtual std::unique_ptr<AllReduceBuffer> make_array(std::size_t count,
                                                      SumPrecision precision) = 0;
  /// In place, in tree order, by messages; all ranks end with the same bits.
  virtual void all_reduce_sum(std::span<float> values) = 0;
  virtual void all_reduce_sum(std::span<double> values) = 0;
  /// The bitwise or over ranks: flags such as "a signal came", "this rank failed".
  virtual std::uint32_t all_reduce_or(std::uint32_t flags) = 0;
};

/// ConfigError on all ranks, naming those whose `own` differs from rank 0's. `what` is what they
/// should agree on: "the version of headway-worker". Collective.
void expect_agreement(Communicator& comm, const std::string& what, const std::string& own);

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

/// All ranks of the MPI launch. Ranks of one node reduce through shared memory, nodes by messages.
/// ConfigError unless the number of ranks is a power of two. `session` must outlive it.
std::unique_ptr<Communicator> make_mpi_communicator(MpiSession& session);

/// Ends all ranks of the launch at once: for faults on which ranks cannot agree.
[[noreturn]] void abort_all_ranks(int exit_code);

/// "Open MPI 4.1.4", without starting MPI.
std::string mpi_library_version();

}  // namespace headway
