#include "runner/supervisor/progress_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "runner/supervisor/progress_display.h"

namespace headway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TrialId kTrial("0123456789ab");

RunningTrial running_trial() {
  return {{kTrial, 2, {}, 9, {3, 10, 120, 400, 1234.4, "training"}}, 60};
}

ProgressSnapshot snapshot() {
  return {
      .sweep = "quick",
      .counts = {.total = 8, .done = 3, .failed = 1, .cancelled = 0, .running = 1, .waiting = 3},
      .running = {running_trial()},
      .remaining_seconds = 200};
}

TEST(ProgressText, a_line_tells_counts_and_time_left) {
  EXPECT_EQ(progress_line(snapshot()),
            "quick: 3 of 8 trials done, 1 running, 1 failed; 3m20s left");
}

TEST(ProgressText, the_block_has_a_bar_and_a_line_per_running_trial) {
  EXPECT_THAT(
      progress_block(snapshot(), 200, 10),
      ElementsAre("quick [############............] 3 of 8 trials done, 1 running, 1 failed; "
                  "3m20s left",
                  "  0123456789ab  attempt 2  epoch 3/10  step 120/400  1234 images/s  "
                  "training"));
}

TEST(ProgressText, lines_are_cut_at_the_terminals_width) {
  for (const std::string& line : progress_block(snapshot(), 20, 10)) EXPECT_LE(line.size(), 20U);
}

TEST(ProgressText, a_phase_that_a_terminal_would_obey_is_shown) {
  ProgressSnapshot hostile = snapshot();
  hostile.running.front().claim.progress.phase = "a\x1b[2J\nb";
  EXPECT_THAT(progress_block(hostile, 200, 10).back(), HasSubstr("a\\x1b[2J\\nb"));
}

TEST(ProgressText, too_many_running_trials_are_counted) {
  ProgressSnapshot many = snapshot();
  many.running.assign(5, running_trial());
  const auto lines = progress_block(many, 200, 2);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines.back(), "  ... and 3 more");
}

TEST(ProgressText, a_trial_without_progress_is_starting) {
  ProgressSnapshot early = snapshot();
  early.running = {{{kTrial, 1, {}, 0, {}}, 60}};
  EXPECT_EQ(progress_block(early, 200, 2).back(), "  0123456789ab  starting");
}

TEST(ProgressText, a_failure_names_class_message_and_what_follows) {
  AttemptRecord attempt;
  attempt.attempt = 3;
  attempt.state = "failed";
  attempt.failure = "crash";
  attempt.message = "signal 9 (Killed)";
  const TrialEvent event{TrialEvent::Kind::kFailed, kTrial, attempt, true};
  EXPECT_EQ(event_line(event),
            "trial 0123456789ab failed at attempt 3: crash: signal 9 (Killed); given up");
}

TEST(ProgressText, a_cancelled_trial_is_told_as_such) {
  AttemptRecord attempt;
  attempt.state = "cancelled";
  attempt.duration_s = 2.5;
  EXPECT_EQ(event_line({TrialEvent::Kind::kCancelled, kTrial, attempt, false}),
            "trial 0123456789ab cancelled in 2.5s");
}

TEST(ProgressDisplay, a_pipe_gets_whole_lines_and_no_control_characters) {
  std::ostringstream err;
  ProgressDisplay display(err, {});
  display.event({TrialEvent::Kind::kDone, kTrial, {}, false});
  display.show(snapshot());
  display.clear();
  EXPECT_EQ(err.str(), "trial 0123456789ab done\n");
}

TEST(ProgressDisplay, a_terminals_block_is_erased_before_it_is_drawn_again) {
  std::ostringstream err;
  ProgressDisplay display(err, {.is_interactive = true, .colours = false});
  display.show(snapshot());
  EXPECT_THAT(err.str(), testing::Not(HasSubstr("\x1b")));
  display.clear();
  EXPECT_THAT(err.str(), HasSubstr("\x1b[2F\x1b[J"));
}

}  // namespace
}  // namespace headway
