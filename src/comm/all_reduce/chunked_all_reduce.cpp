#include "comm/all_reduce/chunked_all_reduce.h"

#include <algorithm>

#include "base/bf16.h"
#include "base/errors.h"
#include "comm/all_reduce/tree_reduction.h"

namespace headway {
namespace {

constexpr int kStepsPerPiece = 64;  // more than 2 log2 of any number of peers

template <typename T>
MPI_Datatype mpi_type() {
  if constexpr (std::is_same_v<T, float>) return MPI_FLOAT;
  if constexpr (std::is_same_v<T, double>) return MPI_DOUBLE;
  return MPI_UINT16_T;
}

/// One direction of an exchange.
struct Message {
  int peer;
  int tag;
  MPI_Comm comm;
};

template <typename T>
void begin_send(std::span<const T> values, const Message& message, MPI_Request& request) {
  check_mpi(MPI_Isend(values.data(),
                      static_cast<int>(values.size()),
                      mpi_type<T>(),
                      message.peer,
                      message.tag,
                      message.comm,
                      &request),
            "MPI_Isend");
}

template <typename T>
void begin_receive(std::span<T> values, const Message& message, MPI_Request& request) {
  check_mpi(MPI_Irecv(values.data(),
                      static_cast<int>(values.size()),
                      mpi_type<T>(),
                      message.peer,
                      message.tag,
                      message.comm,
                      &request),
            "MPI_Irecv");
}

/// `buffer`, made long enough.
template <typename T>
std::span<T> first_of(std::vector<T>& buffer, std::size_t count) {
  if (buffer.size() < count) buffer.resize(count);
  return std::span(buffer).first(count);
}

template <typename T>
std::span<T> part(std::span<T> piece, const Range& range) {
  return piece.subspan(range.begin, range.size());
}

}  // namespace

template <typename T>
ChunkedAllReduce<T>::~ChunkedAllReduce() {
  // Midway only when ranks have lost touch with one another, and then the process is about to end.
  for (Slot& slot : slots_) {
    for (MPI_Request& request : slot.requests) {
      if (request == MPI_REQUEST_NULL) continue;
      MPI_Cancel(&request);
      MPI_Request_free(&request);
    }
  }
}

template <typename T>
void ChunkedAllReduce<T>::start(std::span<T> piece) {
  expects(!full(), "too many pieces are being exchanged");
  Slot& next = slot(started_);
  next.number = static_cast<int>(started_ % kSlots);
  next.piece = piece;
  next.steps = exchange_steps(peers_.own, peers_.count, piece.size());
  next.next = 0;
  ++started_;
  if (!next.finished()) post(next);
}

template <typename T>
void ChunkedAllReduce<T>::post(Slot& slot) {
  const ExchangeStep& step = slot.steps[slot.next];
  const Message message{.peer = peers_.rank_of(step.partner),
                        .tag = slot.number * kStepsPerPiece + static_cast<int>(slot.next),
                        .comm = comm_.native()};
  const std::span<T> out = part(slot.piece, step.send);
  if constexpr (std::is_same_v<T, float>) {
    if (packs_) {
      const auto packed = first_of(slot.packed_out, out.size());
      const auto arriving = first_of(slot.packed_in, step.receive.size());
      begin_receive(arriving, message, slot.requests[0]);
      pack_bf16(out, packed);
      begin_send<std::uint16_t>(packed, message, slot.requests[1]);
      return;
    }
  }
  const std::span<T> arriving =
      step.adds ? first_of(slot.received, step.receive.size()) : part(slot.piece, step.receive);
  begin_receive(arriving, message, slot.requests[0]);
  begin_send<T>(out, message, slot.requests[1]);
}

template <typename T>
void ChunkedAllReduce<T>::finish_step(Slot& slot) {
  const ExchangeStep& step = slot.steps[slot.next++];
  const std::span<T> in = part(slot.piece, step.receive);
  if constexpr (std::is_same_v<T, float>) {
    if (packs_) {
      const auto packed = first_of(slot.packed_in, in.size());
      step.adds ? add_packed_bf16(packed, in) : unpack_bf16(packed, in);
      return;
    }
  }
  if (step.adds) add_to(in, std::span<const T>(first_of(slot.received, in.size())));
}

template <typename T>
void ChunkedAllReduce<T>::advance(Slot& slot, bool wait) {
  while (!slot.finished()) {
    int arrived = 1;
    if (wait) {
      check_mpi(MPI_Waitall(2, slot.requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
    } else {
      check_mpi(MPI_Testall(2, slot.requests.data(), &arrived, MPI_STATUSES_IGNORE), "MPI_Testall");
    }
    if (arrived == 0) return;
    finish_step(slot);
    if (!slot.finished()) post(slot);
    wait = false;
  }
}

template <typename T>
void ChunkedAllReduce<T>::progress() {
  for (std::size_t piece = taken_; piece < started_; ++piece) advance(slot(piece), false);
}

template <typename T>
void ChunkedAllReduce<T>::wait() {
  if (empty()) return;
  advance(slot(taken_), true);
  progress();
}

template <typename T>
std::optional<std::span<T>> ChunkedAllReduce<T>::take() {
  if (empty() || !slot(taken_).finished()) return std::nullopt;
  return slot(taken_++).piece;
}

template class ChunkedAllReduce<float>;
template class ChunkedAllReduce<double>;

}  // namespace headway
