#include "scheduling/policy/trial_pace.h"

#include <gtest/gtest.h>

namespace headway {
namespace {

Progress training(std::int64_t step) {
  return {.step = step, .phase = "training"};
}

TEST(TrialPace, the_longest_stay_counts_for_the_phase_in_which_it_was) {
  TrialPace pace;
  pace.observe({.phase = "loading"}, 0);
  pace.observe(training(1), 7);
  pace.observe(training(2), 9);
  pace.observe(training(3), 10);
  EXPECT_EQ(pace.slowest_seconds("loading"), 7);
  EXPECT_EQ(pace.slowest_seconds("training"), 2);
  EXPECT_FALSE(pace.slowest_seconds("evaluating"));
}

TEST(TrialPace, seeing_the_same_place_again_is_no_progress) {
  TrialPace pace;
  pace.observe(training(1), 0);
  pace.observe(training(1), 5);
  EXPECT_EQ(pace.standing_seconds(8), 8);
  pace.observe(training(2), 8);
  EXPECT_EQ(pace.standing_seconds(9), 1);
}

TEST(TrialPace, an_evaluated_batch_is_progress_and_speed_is_not) {
  TrialPace pace;
  Progress place{.step = 4, .phase = "evaluating"};
  pace.observe(place, 0);
  place.images_per_second = 100;
  pace.observe(place, 1);
  EXPECT_EQ(pace.standing_seconds(1), 1);
  ++place.evaluated_batches;
  pace.observe(place, 2);
  EXPECT_EQ(pace.standing_seconds(2), 0);
}

constexpr double kBound = 900;

TEST(Hang, a_start_without_a_sign_of_life_is_one_after_a_minute) {
  TrialPace pace;
  EXPECT_FALSE(is_hung(pace, 1e6, kBound)) << "nothing was seen of it yet";
  pace.observe({}, 100);
  EXPECT_FALSE(is_hung(pace, 159, kBound));
  EXPECT_TRUE(is_hung(pace, 160, kBound));
  EXPECT_TRUE(is_hung(pace, 105, 5)) << "nor later than the bound";
}

TEST(Hang, a_start_at_which_its_processes_work_is_one_at_the_bound_only) {
  TrialPace pace;
  pace.observe({.phase = kLoading}, 0);
  pace.note_work(800);
  EXPECT_FALSE(is_hung(pace, 859, kBound));
  EXPECT_TRUE(is_hung(pace, 860, kBound)) << "a minute of silence";
  pace.note_work(900);
  EXPECT_TRUE(is_hung(pace, 900, kBound));
}

TEST(Hang, images_that_are_packed_are_signs_of_life) {
  TrialPace pace;
  for (int piece = 0; piece < 100; ++piece) {
    pace.observe({.phase = kPacking, .packed_images = piece}, 10 * piece);
    EXPECT_FALSE(is_hung(pace, 10 * piece + 59, kBound)) << piece;
  }
  EXPECT_TRUE(is_hung(pace, 990 + 60, kBound));
}

TEST(Hang, follows_the_trials_own_speed) {
  TrialPace pace;
  pace.observe(training(1), 0);
  pace.observe(training(2), 10);
  EXPECT_FALSE(is_hung(pace, 209, kBound));
  EXPECT_TRUE(is_hung(pace, 210, kBound));
  pace.note_work(210);
  EXPECT_TRUE(is_hung(pace, 210, kBound)) << "ranks that wait for another work, too";
}

TEST(Hang, is_none_before_a_minute_nor_later_than_the_bound) {
  TrialPace pace;
  pace.observe(training(1), 0);
  pace.observe(training(2), 0.1);
  EXPECT_FALSE(is_hung(pace, 60, kBound));
  EXPECT_TRUE(is_hung(pace, 60.1, kBound));
  EXPECT_TRUE(is_hung(pace, 5.1, 5));
  pace.observe(training(3), 100);
  EXPECT_FALSE(is_hung(pace, 999, kBound));
  EXPECT_TRUE(is_hung(pace, 1000, kBound));
}

TEST(Hang, a_phase_that_was_not_seen_borrows_the_pace_of_the_others) {
  TrialPace pace;
  pace.observe({.phase = kLoading}, 0);
  pace.observe(training(1), 2);
  pace.observe(training(2), 7);
  pace.observe({.step = 2, .phase = "evaluating"}, 8);
  EXPECT_FALSE(is_hung(pace, 107, kBound)) << "20 times the slowest stay so far, 5 s";
  EXPECT_TRUE(is_hung(pace, 108, kBound));
  pace.note_work(100);
  EXPECT_FALSE(is_hung(pace, 199, kBound)) << "an evaluated batch may be larger than a step's";
  EXPECT_TRUE(is_hung(pace, 200, kBound));
}

TEST(Hang, who_waits_for_the_disk_or_for_a_lock_of_others_is_none) {
  for (const std::string phase : {kWaitingForDisk, "waiting for the lock 'x', which y holds"}) {
    TrialPace pace;
    pace.observe({.step = 3, .phase = phase}, 0);
    EXPECT_FALSE(is_hung(pace, 1e6, 5)) << phase;
  }
}

}  // namespace
}  // namespace headway
