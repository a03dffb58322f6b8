#include "scheduling/retry_policy.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace headway {
namespace {

TEST(RetryPolicy, a_trial_that_never_failed_may_run) {
  EXPECT_TRUE(decide_retry({}).retry);
}

TEST(RetryPolicy, what_would_happen_again_is_final) {
  for (const char* failure : {"oom", "diverged", "error"}) {
    const RetryDecision decision = decide_retry({failure});
    EXPECT_FALSE(decision.retry) << failure;
    EXPECT_NE(decision.reason.find(failure), std::string::npos) << decision.reason;
  }
}

TEST(RetryPolicy, crashes_and_hangs_are_tried_twice_more) {
  for (const char* failure : {"crash", "hung"}) {
    EXPECT_TRUE(decide_retry({failure}).retry);
    EXPECT_TRUE(decide_retry({failure, failure}).retry);
    EXPECT_FALSE(decide_retry({failure, failure, failure}).retry);
  }
}

TEST(RetryPolicy, the_reason_counts_the_failures) {
  EXPECT_EQ(decide_retry({"crash", "crash", "crash"}).reason, "crash 3 times: the worker crashed");
}

TEST(RetryPolicy, interruptions_from_outside_are_never_counted) {
  EXPECT_TRUE(decide_retry(std::vector<std::string>(50, "preempted")).retry);
  EXPECT_TRUE(decide_retry(std::vector<std::string>(50, "node_failure")).retry);
  EXPECT_TRUE(decide_retry({"crash", "preempted", "crash", "node_failure", "preempted"}).retry);
}

TEST(RetryPolicy, classes_are_counted_apart) {
  EXPECT_TRUE(decide_retry({"crash", "hung", "crash", "hung"}).retry);
}

TEST(RetryPolicy, an_unknown_class_is_a_mistake_of_the_program) {
  EXPECT_THROW(decide_retry({"bored"}), std::logic_error);
}

}  // namespace
}  // namespace headway
