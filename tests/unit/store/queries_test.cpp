#include "store/sql/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
    EXPECT_THAT(error.what(), HasSubstr("did you mean '" + fixture.id(0).text() + "'?"));
  }
  EXPECT_THROW(find_trial(store, ""), ConfigError);
  EXPECT_THROW(find_trial(store, "g"), ConfigError);
  EXPECT_THROW(find_trial(store, "*"), ConfigError);
}

TEST(Queries, a_trial_that_is_like_no_other_is_answered_with_the_list_of_all) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  store.sync();
  try {
    find_trial(store, "something else");
    FAIL() << "found a trial that is not there";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'headway export trials heads' lists them"));
  }
}

TEST(Queries, results_of_evaluations_come_behind_those_of_training) {
  const SweepFixture fixture;
  fixture.write(
      {fixture.started(0, 1), fixture.done(0, 1, 0.5), fixture.evaluated(0, 1, "aa", 0.2)});
  ResultsStore store(fixture.path());
  store.sync();
  std::vector<std::string> labels;
  for (const ResultRow& row : trial_details(store, fixture.id(0)).results) {
    labels.push_back(row.label());
  }
  EXPECT_THAT(
      labels,
      ElementsAre(
          "test/nc1_pinv", "test/top1_accuracy", "calibration:test/ece", "calibration:test/nll"));
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
