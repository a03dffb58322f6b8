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

TEST(HangDeadline, before_anything_is_known_the_bound_holds) {
  TrialPace pace;
  EXPECT_EQ(hang_deadline_seconds(pace, 900), 900);
  pace.observe({.phase = "loading"}, 0);
  pace.observe(training(1), 100);
  EXPECT_EQ(hang_deadline_seconds(pace, 900), 900) << "nothing is known of training yet";
}

TEST(HangDeadline, it_follows_the_trials_own_speed) {
  TrialPace pace;
  pace.observe(training(1), 0);
  pace.observe(training(2), 10);
  EXPECT_EQ(hang_deadline_seconds(pace, 900), 200);
}

TEST(HangDeadline, it_is_not_below_a_minute_nor_above_the_bound) {
  TrialPace pace;
  pace.observe(training(1), 0);
  pace.observe(training(2), 0.1);
  EXPECT_EQ(hang_deadline_seconds(pace, 900), 60);
  EXPECT_EQ(hang_deadline_seconds(pace, 5), 5);
  pace.observe(training(3), 100);
  EXPECT_EQ(hang_deadline_seconds(pace, 900), 900);
}

TEST(HangDeadline, who_waits_for_the_disk_or_for_a_lock_of_others_is_not_hung) {
  for (const std::string phase : {kWaitingForDisk, "waiting for the lock 'x', which y holds"}) {
    TrialPace pace;
    pace.observe({.step = 3, .phase = phase}, 0);
    EXPECT_FALSE(hang_deadline_seconds(pace, 5)) << phase;
  }
}

}  // namespace
}  // namespace headway
