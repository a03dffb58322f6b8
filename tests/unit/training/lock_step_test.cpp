#include "training/step/lock_step.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace headway {
namespace {

const LockStep::Body kNothing = [](std::size_t) {};

TEST(LockStep, runs_take_turns_in_order_from_one_meeting_to_the_next) {
  std::vector<std::string> seen;
  LockStep lock_step;
  const auto merge = [&seen] { seen.emplace_back("merge"); };
  const auto body = [&](std::size_t run) {
    for (const std::string part : {"a", "b", "c"}) {
      seen.push_back(part + std::to_string(run));
      if (part != "c") lock_step.meet(merge);
    }
  };
  lock_step.run(3, body, kNothing);
  EXPECT_EQ(seen,
            (std::vector<std::string>{
                "a0", "a1", "a2", "merge", "b0", "b1", "b2", "merge", "c0", "c1", "c2"}));
}

TEST(LockStep, a_turn_begins_with_a_call_in_the_thread_of_its_run) {
  std::vector<std::size_t> turns;
  std::vector<std::thread::id> threads(2);
  LockStep lock_step;
  lock_step.run(
      2,
      [&](std::size_t run) {
        EXPECT_EQ(threads[run], std::this_thread::get_id());
        lock_step.meet([] {});
        EXPECT_EQ(threads[run], std::this_thread::get_id());
      },
      [&](std::size_t run) {
        turns.push_back(run);
        threads[run] = std::this_thread::get_id();
      });
  EXPECT_EQ(turns, (std::vector<std::size_t>{0, 1, 0, 1}));
  EXPECT_NE(threads[0], threads[1]);
}

TEST(LockStep, all_runs_see_what_was_merged_before_the_next_merge) {
  constexpr int kMeetings = 100;
  int merges = 0;
  LockStep lock_step;
  const auto body = [&](std::size_t) {
    for (int meeting = 1; meeting <= kMeetings; ++meeting) {
      lock_step.meet([&merges] { ++merges; });
      ASSERT_EQ(merges, meeting);
    }
  };
  lock_step.run(4, body, kNothing);
  EXPECT_EQ(merges, kMeetings);
}

TEST(LockStep, a_single_run_stays_in_the_callers_thread) {
  LockStep lock_step;
  int merges = 0;
  const auto caller = std::this_thread::get_id();
  lock_step.run(
      1,
      [&](std::size_t) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        lock_step.meet([&merges] { ++merges; });
      },
      kNothing);
  EXPECT_EQ(merges, 1);
}

TEST(LockStep, threads_compute_with_as_many_threads_as_the_caller_set) {
  for (const int threads : {1, 2, 3}) {  // at::get_num_threads() would itself set them
    at::set_num_threads(threads);
    LockStep lock_step;
    lock_step.run(
        2, [&](std::size_t) { EXPECT_EQ(omp_get_max_threads(), threads); }, kNothing);
  }
  at::set_num_threads(1);
}

// Whoever fails, before or after a meeting or in the merge: the others do not wait for ever, and
// end in their turn.
TEST(LockStep, the_exception_of_a_run_ends_the_others_and_reaches_the_caller) {
  constexpr std::size_t kRuns = 4;
  for (std::size_t failing = 0; failing < kRuns; ++failing) {
    for (int failing_part = 0; failing_part < 3; ++failing_part) {
      std::size_t ended = 0;
      LockStep lock_step;
      const auto body = [&](std::size_t run) {
        for (int part = 0; part < 3; ++part) {
          if (run == failing && part == failing_part) throw std::out_of_range("struck");
          try {
            lock_step.meet([] {});
          } catch (const std::exception&) {
            ++ended;
            throw;
          }
        }
      };
      EXPECT_THROW(lock_step.run(kRuns, body, kNothing), std::out_of_range);
      // Runs after the failing one do not come into the first part.
      EXPECT_EQ(ended, failing_part == 0 ? failing : kRuns - 1);
      EXPECT_NO_THROW(lock_step.run(kRuns, kNothing, kNothing)) << "it can be used again";
    }
  }
}

TEST(LockStep, an_exception_of_the_merge_reaches_the_caller) {
  for (const std::size_t count : {1, 3}) {
    LockStep lock_step;
    const auto body = [&](std::size_t) {
      lock_step.meet([] { throw std::out_of_range("struck"); });
    };
    EXPECT_THROW(lock_step.run(count, body, kNothing), std::out_of_range);
  }
}

TEST(LockStep, a_run_that_swallows_the_end_of_another_cannot_meet_again) {
  LockStep lock_step;
  const auto body = [&](std::size_t run) {
    if (run == 1) throw std::out_of_range("struck");
    EXPECT_THROW(lock_step.meet([] {}), std::exception);
    EXPECT_THROW(lock_step.meet([] {}), std::exception);
  };
  EXPECT_THROW(lock_step.run(2, body, kNothing), std::out_of_range);
}

TEST(LockStep, runs_that_meet_unequally_often_fail_instead_of_waiting_for_ever) {
  for (const std::vector<int>& meetings :
       {std::vector<int>{1, 0}, {0, 1}, {2, 2, 1}, {1, 2, 2}, {2, 1, 2}}) {
    LockStep lock_step;
    const auto body = [&](std::size_t run) {
      for (int meeting = 0; meeting < meetings[run]; ++meeting) lock_step.meet([] {});
    };
    EXPECT_THROW(lock_step.run(meetings.size(), body, kNothing), std::logic_error);
  }
}

}  // namespace
}  // namespace headway
