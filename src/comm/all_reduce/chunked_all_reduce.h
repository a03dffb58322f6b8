#pragma once

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "comm/all_reduce/rank_topology.h"
#include "comm/all_reduce/recursive_halving.h"
#include "comm/communicator.h"
#include "comm/mpi_comm.h"

namespace headway {

/// Sums arrays over peers by messages, piece by piece: several pieces are on the wire at once while
/// the caller prepares the next. Peers must start the same pieces in the same order. In place; a
/// piece's memory must not be touched until it is taken back.
template <typename T>
class ChunkedAllReduce {
 public:
  ChunkedAllReduce(const Peers& peers, SumPrecision precision)
      : peers_(peers), packs_(precision == SumPrecision::kBfloat16) {}
  ChunkedAllReduce(const ChunkedAllReduce&) = delete;
  ChunkedAllReduce& operator=(const ChunkedAllReduce&) = delete;
  ~ChunkedAllReduce();

  bool full() const { return started_ - taken_ == kSlots; }
  bool empty() const { return started_ == taken_; }
  /// Unless full.
  void start(std::span<T> piece);
  /// Goes on with what has arrived, without waiting.
  void progress();
  /// Waits for the messages of the oldest piece that are on their way, then goes on with all.
  void wait();
  /// The oldest piece once its sum is complete.
  std::optional<std::span<T>> take();

 private:
  static constexpr std::size_t kSlots = 4;

  struct Slot {
    int number = 0;
    std::span<T> piece;
    std::vector<ExchangeStep> steps;
    std::size_t next = 0;  // of the steps, the one under way
    std::array<MPI_Request, 2> requests{MPI_REQUEST_NULL, MPI_REQUEST_NULL};
    std::vector<T> received;
    std::vector<std::uint16_t> packed_out;
    std::vector<std::uint16_t> packed_in;

    bool finished() const { return next == steps.size(); }
  };

  Slot& slot(std::size_t piece) { return slots_[piece % kSlots]; }
  void post(Slot& slot);
  void finish_step(Slot& slot);
  void advance(Slot& slot, bool wait);

  Peers peers_;
  bool packs_;                               // two bytes an element
  MpiComm comm_ = MpiComm::copy_of_world();  // its messages meet no others
  std::array<Slot, kSlots> slots_;
  std::size_t started_ = 0;
  std::size_t taken_ = 0;
};

extern template class ChunkedAllReduce<float>;
extern template class ChunkedAllReduce<double>;

/// The whole of `values` at once.
template <typename T>
void sum_by_messages(ChunkedAllReduce<T>& exchange, std::span<T> values) {
  constexpr std::size_t kPiece = 1 << 18;
  for (std::size_t start = 0; start < values.size(); start += kPiece) {
    while (exchange.full()) {
      exchange.wait();
      exchange.take();
    }
    exchange.start(values.subspan(start, std::min(kPiece, values.size() - start)));
  }
  while (!exchange.empty()) {
    exchange.wait();
    exchange.take();
  }
}

}  // namespace headway
