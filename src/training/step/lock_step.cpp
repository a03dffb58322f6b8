#include "training/step/lock_step.h"

#include <ATen/Parallel.h>

#include <stdexcept>
#include <thread>
#include <utility>

#include "base/errors.h"

namespace headway {
namespace {

/// Ends a run whose fellow has failed. Autograd passes on nothing but std::exceptions.
class FellowFailed final : public std::runtime_error {
 public:
  FellowFailed() : std::runtime_error("another shard of this rank has failed") {}
};

}  // namespace

void LockStep::run(std::size_t count, const Body& body, const Body& on_turn) {
  body_ = &body;
  on_turn_ = &on_turn;
  error_ = nullptr;
  turn_ = 0;
  members_.clear();
  members_.resize(count);
  if (count == 1) {
    run_body(0);
  } else {
    std::vector<std::jthread> threads;  // joined at the end of this block
    try {
      while (threads.size() < count) {
        threads.emplace_back([this, run = threads.size()] { take_part(run); });
      }
    } catch (...) {  // no more threads to be had
      fail(std::current_exception());
      for (std::size_t run = threads.size(); run < count; ++run) {
        members_[run].is_running = false;
      }
    }
    pass_baton(count - 1);
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void LockStep::take_part(std::size_t run) {
  members_[run].baton.acquire();
  at::init_num_threads();  // LibTorch keeps the number of threads per thread
  run_body(run);
  members_[run].is_running = false;
  pass_baton(run);
}

void LockStep::run_body(std::size_t run) {
  if (error_) return;
  try {
    (*on_turn_)(run);
    (*body_)(run);
    arrive(Arrival::kEnd);
  } catch (...) {
    fail(std::current_exception());
  }
}

void LockStep::meet(const std::function<void()>& merge) {
  const std::size_t run = turn_;
  arrive(Arrival::kMeeting);
  const std::size_t count = members_.size();
  if (run + 1 == count) merge();
  if (count == 1) return;
  pass_baton(run);
  members_[run].baton.acquire();
  if (error_) throw FellowFailed();
  (*on_turn_)(run);
}

void LockStep::arrive(Arrival arrival) {
  if (error_) throw FellowFailed();
  if (turn_ == 0) arrival_ = arrival;
  expects(arrival == arrival_, "the shards of a rank must meet equally often");
}

void LockStep::fail(std::exception_ptr error) {
  if (!error_) error_ = std::move(error);
}

// To the next after `run` that still runs.
void LockStep::pass_baton(std::size_t run) {
  const std::size_t count = members_.size();
  for (std::size_t step = 1; step <= count; ++step) {
    const std::size_t next = (run + step) % count;
    if (!members_[next].is_running) continue;
    turn_ = next;
    members_[next].baton.release();
    return;
  }
}

}  // namespace headway
