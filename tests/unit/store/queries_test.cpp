#include "store/sql/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::HasSubstr;

TEST(Queries, filter_trials_by_state_and_sum_them_up) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1),
                 fixture.done(0, 1, 0.5),
                 fixture.started(1, 1),
                 fixture.failed(1, 1, "oom"),
                 fixture.started(2, 1)});
  ResultsStore store(fixture.path());
  store.sync();
  const auto failed = list_trials(store, {.states = {TrialState::kFailed}});
  ASSERT_EQ(failed.size(), 1);
  EXPECT_EQ(failed[0].trial_id, fixture.id(1));
  const SweepSummary summary = sweep_summary(store);
  EXPECT_EQ(summary.sweep, "heads");
  EXPECT_EQ(summary.total, 6);
  EXPECT_EQ(summary.trials.at(TrialState::kDone), 1);
  EXPECT_EQ(summary.trials.at(TrialState::kFailed), 1);
  EXPECT_EQ(summary.trials.at(TrialState::kRunning), 1);
  EXPECT_EQ(summary.trials.at(TrialState::kPending), 3);
  EXPECT_EQ(summary.trials.at(TrialState::kCancelled), 0);
  EXPECT_EQ(summary.failures, (std::map<std::string, std::int64_t>{{"oom", 1}}));
  EXPECT_EQ(summary.busy_seconds, 14.5);
}

TEST(Queries, an_unknown_trial_is_answered_with_the_nearest) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  store.sync();
  std::string slip = fixture.id(0);
  std::swap(slip[3], slip[4]);
  if (slip == fixture.id(0)) slip[3] = slip[3] == 'a' ? 'b' : 'a';
  try {
    find_trial(store, slip);
    FAIL() << "found a trial that is not there";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean '" + fixture.id(0) + "'?"));
  }
  EXPECT_THROW(find_trial(store, ""), ConfigError);
  EXPECT_THROW(find_trial(store, "*"), ConfigError);
}

TEST(Queries, a_beginning_that_several_trials_share_is_ambiguous) {
  const SweepFixture fixture(make_sweep(20));  // 40 ids, 16 first digits
  ResultsStore store(fixture.path());
  store.sync();
  int refused = 0;
  for (const char digit : std::string("0123456789abcdef")) {
    try {
      find_trial(store, std::string(1, digit));
    } catch (const ConfigError& error) {
      refused += std::string(error.what()).find("ambiguous") != std::string::npos ? 1 : 0;
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(find_trial(store, fixture.id(7)), fixture.id(7));
}

}  // namespace
}  // namespace headway
