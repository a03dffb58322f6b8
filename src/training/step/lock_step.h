#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <semaphore>

namespace headway {

/// Several runs of one computation that take turns: each has a thread of its own, so that it can
/// wait in the middle, but only the one that holds the baton runs. So what they share needs no
/// locks, and the order in which they touch it is always the same: run 0 from one meeting to the
/// next, then run 1, ...
class LockStep {
 public:
  using Body = std::function<void(std::size_t)>;

  /// body(0), ..., body(count - 1), which must all meet equally often; on_turn(i) precedes each
  /// turn of run i, in its thread. When one fails, the others end at their next meeting, and its
  /// exception is thrown here. A single run stays in the caller's thread.
  void run(std::size_t count, const Body& body, const Body& on_turn);

  /// Called within a body. Returns when all runs have come here; the last to come calls `merge`.
  void meet(const std::function<void()>& merge);

 private:
  enum class Arrival { kMeeting, kEnd };

  void take_part(std::size_t run);
  void run_body(std::size_t run);
  void arrive(Arrival arrival);
  void pass_baton(std::size_t run);
  void fail(std::exception_ptr error);

  struct Member {
    bool is_running = true;
    std::binary_semaphore baton{0};
  };

  // The holder of the baton alone touches these, but for waiting for it.
  const Body* body_ = nullptr;
  const Body* on_turn_ = nullptr;
  std::deque<Member> members_;
  std::size_t turn_ = 0;                 // who holds the baton
  Arrival arrival_ = Arrival::kMeeting;  // of run 0: the others must do the same
  std::exception_ptr error_;
};

}  // namespace headway
