#include "scheduling/policy/queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace headway {
namespace {

std::vector<std::size_t> drain(TrialQueue queue) {
  std::vector<std::size_t> order;
  std::vector<bool> done(100, false);
  while (const auto index = queue.first([&](std::size_t candidate) {
    return done[candidate] ? Verdict::kNever : Verdict::kTake;
  })) {
    order.push_back(*index);
    done[*index] = true;
  }
  return order;
}

TEST(TrialQueue, the_longest_predicted_trial_comes_first_and_ties_keep_plan_order) {
  const TrialQueue queue(
      {
          {.index = 0, .predicted_seconds = 10},
          {.index = 1, .predicted_seconds = 30},
          {.index = 2, .predicted_seconds = 10},
          {.index = 3, .predicted_seconds = 20},
      },
      1);
  EXPECT_EQ(drain(queue), (std::vector<std::size_t>{1, 3, 0, 2}));
}

TEST(TrialQueue, trials_that_do_not_fit_the_width_are_left_out) {
  const TrialQueue queue(
      {
          {.index = 0, .predicted_seconds = 1, .ranks = {1, 1}},
          {.index = 1, .predicted_seconds = 1, .ranks = {1, 2}},
          {.index = 2, .predicted_seconds = 1, .ranks = {1, 4}},
          {.index = 3, .predicted_seconds = 1, .ranks = {4, 4}},
      },
      2);
  EXPECT_EQ(drain(queue), (std::vector<std::size_t>{1, 2}));
}

TEST(TrialQueue, what_cannot_be_taken_now_is_asked_about_again) {
  TrialQueue queue({{.index = 0, .predicted_seconds = 2}, {.index = 1, .predicted_seconds = 1}}, 1);
  bool claimed = true;
  const auto judge = [&](std::size_t index) {
    return index == 0 && claimed ? Verdict::kNotNow : Verdict::kTake;
  };
  EXPECT_EQ(queue.first(judge), 1U);
  claimed = false;
  EXPECT_EQ(queue.first(judge), 0U);
}

TEST(TrialQueue, done_trials_are_judged_once) {
  std::vector<QueuedTrial> trials;
  for (std::size_t index = 0; index < 10; ++index) trials.push_back({.index = index});
  TrialQueue queue(trials, 1);
  int judged = 0;
  const auto judge = [&](std::size_t index) {
    ++judged;
    return index < 9 ? Verdict::kNever : Verdict::kTake;
  };
  EXPECT_EQ(queue.first(judge), 9U);
  EXPECT_EQ(judged, 10);
  EXPECT_EQ(queue.first(judge), 9U);
  EXPECT_EQ(judged, 11);
  EXPECT_EQ(queue.size(), 1U);
}

TEST(TrialQueue, an_empty_queue_gives_nothing) {
  TrialQueue queue({}, 1);
  EXPECT_FALSE(queue.first([](std::size_t) { return Verdict::kTake; }));
}

}  // namespace
}  // namespace headway
