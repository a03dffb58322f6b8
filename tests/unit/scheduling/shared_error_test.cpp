#include "scheduling/policy/shared_error.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/trial_ids.h"

namespace headway {
namespace {

EndedTrial ended(const std::string& id, const std::string& failure, const std::string& message) {
  return {id_beginning(id), failure, message};
}

TEST(SharedError, three_trials_that_end_by_the_same_error_tell) {
  const auto shared = shared_error({ended("1", "crash", "no data"),
                                    ended("2", "crash", "no data"),
                                    ended("3", "crash", "no data")});
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->failure, "crash");
  EXPECT_EQ(shared->message, "no data");
  EXPECT_EQ(shared->trial_ids,
            (std::vector{id_beginning("1"), id_beginning("2"), id_beginning("3")}));
}

TEST(SharedError, two_are_not_enough) {
  EXPECT_FALSE(shared_error({ended("1", "crash", "x"), ended("2", "crash", "x")}));
}

TEST(SharedError, numbers_and_log_names_do_not_tell_errors_apart) {
  EXPECT_TRUE(
      shared_error({ended("1", "crash", "rank 0: address 0x7f12; see logs/node-a1-0.log"),
                    ended("2", "crash", "rank 1: address 0x8e34; see logs/node-b2-1.log"),
                    ended("3", "crash", "rank 0: address 0x9d56; see logs/node-c3-2.log")}));
}

TEST(SharedError, different_errors_do_not_pause) {
  EXPECT_FALSE(shared_error(
      {ended("1", "crash", "no data"), ended("2", "crash", "bad cast"), ended("3", "hung", "no")}));
  EXPECT_FALSE(
      shared_error({ended("1", "crash", "x"), ended("2", "hung", "x"), ended("3", "crash", "x")}));
}

TEST(SharedError, a_trial_that_is_done_shows_that_it_can_be_done) {
  EXPECT_FALSE(shared_error({ended("4", "crash", "x"),
                             ended("1", "crash", "x"),
                             ended("2", "", ""),
                             ended("3", "crash", "x")}));
  EXPECT_FALSE(shared_error({ended("4", "crash", "x"),
                             ended("1", "crash", "x"),
                             ended("2", "diverged", "loss is nan"),
                             ended("3", "crash", "x")}));
}

// The same trials in any order: whose clock is ahead must not decide.
TEST(SharedError, is_that_of_more_than_half_whichever_came_first) {
  std::vector<EndedTrial> ended_trials{ended("1", "crash", "x"),
                                       ended("2", "crash", "x"),
                                       ended("3", "crash", "x"),
                                       ended("4", "hung", "y"),
                                       ended("5", "hung", "z")};
  std::ranges::sort(ended_trials, {}, &EndedTrial::trial_id);
  do {
    const auto shared = shared_error(ended_trials);
    ASSERT_TRUE(shared);
    EXPECT_EQ(shared->trial_ids.size(), 3U);
  } while (std::ranges::next_permutation(ended_trials, {}, &EndedTrial::trial_id).found);
  ended_trials.push_back(ended("6", "hung", "z"));
  EXPECT_FALSE(shared_error(ended_trials)) << "half is not more than half";
}

TEST(SharedError, divergence_is_a_result) {
  EXPECT_FALSE(shared_error(
      {ended("1", "diverged", "x"), ended("2", "diverged", "x"), ended("3", "diverged", "x")}));
}

}  // namespace
}  // namespace headway
