#include "runner/supervisor/exit_diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace headway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

ClaimView claim(int ranks = 2) {
  ClaimView view{.trial_id = TrialId("0123456789ab"), .attempt = 2, .owner = {}, .progress = {}};
  view.owner.world_size = ranks;
  return view;
}

EndedGroup ended(ProcessEnd end) {
  return {.name = "node-1a-0", .end = end};
}

TEST(GroupAutopsy, a_signal_that_nobody_explains_is_a_crash) {
  const AttemptEnd end = explain_end(ended({139, SIGSEGV}), claim(), {});
  EXPECT_EQ(end.trial_id, "0123456789ab");
  EXPECT_EQ(end.attempt, 2);
  EXPECT_EQ(end.failure, "crash");
  EXPECT_EQ(end.message, "signal 11 (segmentation fault); see logs/node-1a-0.log");
  EXPECT_EQ(end.exit_code, 139);
}

TEST(GroupAutopsy, what_a_rank_said_goes_before_the_exit_code) {
  const AttemptEnd end =
      explain_end(ended({1, 0}), claim(), {.report = CrashReport{1, "crash", "bad cast"}});
  EXPECT_EQ(end.failure, "crash");
  EXPECT_THAT(end.message, StartsWith("rank 1: bad cast"));
}

TEST(GroupAutopsy, who_was_asked_to_leave_was_preempted) {
  EXPECT_EQ(explain_end(ended({137, SIGKILL}), claim(), {.was_asked = true}).failure, "preempted");
  EXPECT_EQ(explain_end(ended({75, 0}), claim(), {}).failure, "preempted");
  EXPECT_EQ(explain_end(ended({124, 0}), claim(), {}).failure, "preempted");
  EXPECT_EQ(explain_end(ended({143, 0}), claim(), {}).failure, "preempted") << "SIGTERM";
}

TEST(GroupAutopsy, a_hang_is_told_as_it_was_seen) {
  EndedGroup hung = ended({137, SIGKILL});
  hung.was_hung = true;
  hung.hang = "no progress for 1m00s while training, step 7; rank 1 is stopped";
  const AttemptEnd end = explain_end(hung, claim(), {.was_asked = true});
  EXPECT_EQ(end.failure, "hung");
  EXPECT_THAT(end.message, StartsWith(hung.hang));
}

TEST(GroupAutopsy, a_kill_by_the_kernel_for_want_of_memory_is_told_with_the_peak) {
  EndedGroup killed = ended({137, 0});
  killed.oom_kills = 1;
  constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;
  const AttemptEnd end = explain_end(killed,
                                     claim(),
                                     {.memory = {.peak_bytes = 3 * kGibibyte,
                                                 .resident_bytes = 1 * kGibibyte,
                                                 .available_bytes = 3 * kGibibyte,
                                                 .ranks = 2,
                                                 .groups_beside = 1,
                                                 .shards = 2,
                                                 .batch_size = 64}});
  EXPECT_EQ(end.failure, "oom");
  EXPECT_EQ(end.groups_beside, 1);
  EXPECT_THAT(end.message, HasSubstr("peak 3.0 GiB on 2 ranks"));
  EXPECT_THAT(end.message, HasSubstr("training.shards="));
}

TEST(GroupAutopsy, a_kill_without_want_of_memory_is_a_crash) {
  const AttemptEnd end = explain_end(ended({137, SIGKILL}), claim(), {});
  EXPECT_EQ(end.failure, "crash");
  EXPECT_THAT(end.message, StartsWith("signal 9 (killed)"));
  EXPECT_FALSE(end.groups_beside);
}

}  // namespace
}  // namespace headway
