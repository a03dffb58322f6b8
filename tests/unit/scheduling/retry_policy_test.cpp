#include "scheduling/policy/retry_policy.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace headway {
namespace {

TEST(RetryPolicy, a_trial_that_never_failed_may_run) {
  EXPECT_TRUE(decide_retry({}).retry);
}

std::vector<FailedAttempt> attempts(const std::vector<std::string>& failures) {
  std::vector<FailedAttempt> result;
  for (const std::string& failure : failures) result.push_back({.failure = failure});
  return result;
}

TEST(RetryPolicy, what_would_happen_again_is_final) {
  for (const char* failure : {"oom", "diverged", "error"}) {
    const RetryDecision decision = decide_retry(attempts({failure}));
    EXPECT_FALSE(decision.retry) << failure;
    EXPECT_NE(decision.reason.find(failure), std::string::npos) << decision.reason;
  }
}

TEST(RetryPolicy, crashes_and_hangs_are_tried_twice_more) {
  for (const char* failure : {"crash", "hung"}) {
    EXPECT_TRUE(decide_retry(attempts({failure})).retry);
    EXPECT_TRUE(decide_retry(attempts({failure, failure})).retry);
    EXPECT_FALSE(decide_retry(attempts({failure, failure, failure})).retry);
  }
}

TEST(RetryPolicy, the_reason_counts_the_failures) {
  EXPECT_EQ(decide_retry(attempts({"crash", "crash", "crash"})).reason,
            "crash 3 times: the worker crashed");
}

TEST(RetryPolicy, interruptions_from_outside_are_never_counted) {
  EXPECT_TRUE(decide_retry(attempts(std::vector<std::string>(50, "preempted"))).retry);
  EXPECT_TRUE(decide_retry(attempts(std::vector<std::string>(50, "node_failure"))).retry);
  EXPECT_TRUE(
      decide_retry(attempts({"crash", "preempted", "crash", "node_failure", "preempted"})).retry);
}

TEST(RetryPolicy, classes_are_counted_apart) {
  EXPECT_TRUE(decide_retry(attempts({"crash", "hung", "crash", "hung"})).retry);
}

TEST(RetryPolicy, want_of_memory_is_met_with_half_the_ranks) {
  const RetryDecision decision = decide_retry({{.failure = "oom", .ranks = 4}});
  EXPECT_TRUE(decision.retry);
  EXPECT_EQ(decision.max_ranks, 2);
  EXPECT_EQ(
      decide_retry({{.failure = "oom", .ranks = 2}, {.failure = "oom", .ranks = 4}}).max_ranks, 1);
}

TEST(RetryPolicy, want_of_memory_on_one_rank_is_met_with_fewer_groups_beside_it) {
  const RetryDecision decision = decide_retry({{.failure = "oom", .ranks = 1, .groups_beside = 3}});
  EXPECT_TRUE(decision.retry);
  EXPECT_EQ(decision.max_ranks, 1);
  EXPECT_NE(decision.reason.find("fewer groups"), std::string::npos);
}

TEST(RetryPolicy, want_of_memory_alone_on_one_rank_is_final) {
  EXPECT_FALSE(
      decide_retry({{.failure = "oom", .ranks = 2}, {.failure = "oom", .ranks = 1}}).retry);
}

// A trial that needs a rank for each of its shards.
TEST(RetryPolicy, want_of_memory_alone_on_as_many_ranks_again_is_final) {
  const FailedAttempt alone{.failure = "oom", .ranks = 4};
  const FailedAttempt beside{.failure = "oom", .ranks = 4, .groups_beside = 1};
  EXPECT_TRUE(decide_retry({alone}).retry);
  EXPECT_TRUE(decide_retry({beside, alone}).retry);
  EXPECT_FALSE(decide_retry({alone, alone}).retry);
}

TEST(RetryPolicy, fewer_ranks_do_not_help_a_gpu) {
  EXPECT_FALSE(decide_retry({{.failure = "oom", .ranks = 4, .on_gpu = true}}).retry);
}

TEST(RetryPolicy, want_of_memory_is_not_met_for_ever) {
  const std::vector<FailedAttempt> many(9, {.failure = "oom", .ranks = 1, .groups_beside = 1});
  EXPECT_FALSE(decide_retry(many).retry);
}

TEST(RetryPolicy, its_rules_are_told_in_words) {
  EXPECT_EQ(retry_rule("crash"), "the worker crashed; tried again 2 times");
  EXPECT_NE(retry_rule("preempted").find("not counted"), std::string::npos);
  EXPECT_NE(retry_rule("diverged").find("final"), std::string::npos);
}

TEST(RetryPolicy, an_unknown_class_is_a_mistake_of_the_program) {
  EXPECT_THROW(decide_retry(attempts({"bored"})), std::logic_error);
}

}  // namespace
}  // namespace headway
