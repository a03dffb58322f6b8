#include "runner/worker/evaluation_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/errors.h"
#include "base/sweep_layout.h"
#include "store/manifest/sweep_state.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSuite = "calibration";

class EvaluationSourceTest : public testing::Test {
 protected:
  /// `done` of `trials` are.
  Sweep plan(std::int64_t trials, std::int64_t done) {
    Sweep sweep = small_sweep(trials);
    write_manifest(folder_.path(), sweep);
    for (std::int64_t i = 0; i < done; ++i) {
      finish_training(sweep.trials[static_cast<std::size_t>(i)].trial_id);
    }
    return sweep;
  }

  void finish_training(const TrialId& trial_id) {
    writer_.append(AttemptFinished{.trial_id = trial_id,
                                   .attempt = 1,
                                   .state = "done",
                                   .weights_sha256 = "weights of " + trial_id.text(),
                                   .results = RecordedValues{{"test", {{"loss", 0.5}}}}},
                   Flush::kLater);
  }

  void evaluated(const TrialId& trial_id, std::int64_t claim, const std::string& weights = "") {
    writer_.append(
        Evaluated{.trial_id = trial_id,
                  .evaluation = kSuite,
                  .attempt = 1,
                  .weights_sha256 = weights.empty() ? "weights of " + trial_id.text() : weights,
                  .claim = claim},
        Flush::kLater);
  }

  void failed(const TrialId& trial_id, std::int64_t claim, const std::string& failure) {
    writer_.append(EvaluationFailed{.trial_id = trial_id,
                                    .evaluation = kSuite,
                                    .claim = claim,
                                    .failure = failure,
                                    .message = "for a test"},
                   Flush::kLater);
  }

  void requested(const TrialId& trial_id, std::int64_t through_claim) {
    writer_.append(
        EvaluationRequested{
            .trial_id = trial_id, .evaluation = kSuite, .through_claim = through_claim},
        Flush::kLater);
  }

  EvaluationSource source(const std::string& group = "g", std::vector<TrialId> trials = {}) {
    return {{folder_.path(), kSuite, std::move(trials)}, {this_process(), GroupName(group), 1}};
  }

  std::filesystem::path claims_root() const {
    return SweepLayout(folder_.path()).evaluation(kSuite);
  }

  EvaluationStatus status(const TrialId& trial_id) {
    EvaluationState state(folder_.path(), kSuite);
    state.refresh();
    return state.status(trial_id);
  }

  TemporaryDirectory folder_;
  SegmentWriter writer_{folder_.path(), "worker"};
};

TEST_F(EvaluationSourceTest, every_finished_trial_is_given_once_in_the_plans_order) {
  const Sweep sweep = plan(4, 3);
  EvaluationSource trials = source();
  std::vector<ClaimedEvaluation> taken;
  while (auto one = trials.next()) taken.push_back(std::move(*one));
  ASSERT_EQ(taken.size(), 3U) << "the fourth is not trained";
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].trial.trial_id, sweep.trials[i].trial_id);
    EXPECT_EQ(taken[i].claim.attempt(), 1);
    EXPECT_EQ(taken[i].records.test_results().at("loss"), 0.5);
  }
}

TEST_F(EvaluationSourceTest, many_groups_at_once_never_take_the_same_trial) {
  plan(30, 30);
  std::vector<std::vector<TrialId>> taken(4);
  std::vector<std::thread> groups;
  for (std::size_t group = 0; group < taken.size(); ++group) {
    groups.emplace_back([&, group] {
      EvaluationSource trials = source("g" + std::to_string(group));
      while (auto one = trials.next()) taken[group].push_back(one->trial.trial_id);
    });
  }
  for (std::thread& group : groups) group.join();
  std::multiset<TrialId> all;
  for (const auto& ids : taken) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 30U);
  EXPECT_EQ(std::set<TrialId>(all.begin(), all.end()).size(), 30U);
}

TEST_F(EvaluationSourceTest, what_is_recorded_of_these_weights_is_left_out) {
  const Sweep sweep = plan(2, 2);
  evaluated(sweep.trials[0].trial_id, 1);
  evaluated(sweep.trials[1].trial_id, 1, "others");
  EvaluationSource trials = source();
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[1].trial_id);
  EXPECT_FALSE(trials.next());
}

TEST_F(EvaluationSourceTest, a_request_has_it_done_once_more) {
  const Sweep sweep = plan(1, 1);
  const TrialId& id = sweep.trials[0].trial_id;
  evaluated(id, 1);
  EXPECT_EQ(status(id), EvaluationStatus::kDone);
  requested(id, 1);
  EXPECT_EQ(status(id), EvaluationStatus::kOpen);
  EXPECT_EQ(source().next()->claim.attempt(), 2);
  evaluated(id, 2);
  EXPECT_EQ(status(id), EvaluationStatus::kDone);
}

TEST_F(EvaluationSourceTest, an_error_is_final_until_a_request_and_an_interruption_is_not) {
  const Sweep sweep = plan(2, 2);
  const TrialId& broken = sweep.trials[0].trial_id;
  const TrialId& stopped = sweep.trials[1].trial_id;
  failed(broken, 1, "error");
  failed(stopped, 1, "preempted");
  EXPECT_EQ(status(broken), EvaluationStatus::kFailedForGood);
  EXPECT_EQ(status(stopped), EvaluationStatus::kOpen);
  EvaluationSource trials = source();
  EXPECT_EQ(trials.next()->trial.trial_id, stopped);
  EXPECT_FALSE(trials.next());
  requested(broken, 1);
  EXPECT_EQ(trials.next()->trial.trial_id, broken);
}

TEST_F(EvaluationSourceTest, a_crash_is_tried_again_twice) {
  const Sweep sweep = plan(1, 1);
  const TrialId& id = sweep.trials[0].trial_id;
  for (const int claim : {1, 2}) {
    failed(id, claim, "crash");
    EXPECT_EQ(status(id), EvaluationStatus::kOpen);
  }
  failed(id, 3, "crash");
  EXPECT_EQ(status(id), EvaluationStatus::kFailedForGood);
}

TEST_F(EvaluationSourceTest, a_claim_of_a_living_owner_is_respected) {
  const Sweep sweep = plan(1, 1);
  EvaluationSource first = source("g1");
  const auto held = first.next();
  ASSERT_TRUE(held);
  EXPECT_FALSE(source("g2").next());
  EXPECT_FALSE(held->claim.fenced());
}

TEST_F(EvaluationSourceTest, the_claim_of_a_dead_owner_is_taken_over_and_its_end_recorded) {
  const Sweep sweep = plan(1, 1);
  const TrialId& id = sweep.trials[0].trial_id;
  ClaimOwner gone{this_process(), GroupName("gone"), 1};
  gone.process.start_ticks += 1;
  std::filesystem::create_directories(claims_root());  // as whoever evaluates does
  auto stale = try_claim(claims_root(), id, 1, gone);
  ASSERT_TRUE(stale);
  const auto taken = source().next();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->claim.attempt(), 2);
  EXPECT_TRUE(stale->fenced()) << "a late writer sees it";
  EvaluationState state(folder_.path(), kSuite);
  state.refresh();
  EXPECT_EQ(state.trial(id).evaluation.attempts.at(1).failure, "node_failure");
}

TEST_F(EvaluationSourceTest, its_claims_and_records_are_none_of_training) {
  const Sweep sweep = plan(1, 1);
  const TrialId& id = sweep.trials[0].trial_id;
  const auto held = source().next();
  ASSERT_TRUE(held);
  EXPECT_THAT(latest_claims(folder_.path()), IsEmpty());
  failed(id, 1, "crash");
  SweepState state(folder_.path());
  state.refresh();
  EXPECT_EQ(state.trial(id).state(), TrialState::kDone);
  EXPECT_EQ(state.trial(id).attempts.size(), 1U);
}

TEST_F(EvaluationSourceTest, another_evaluation_is_a_matter_of_its_own) {
  const Sweep sweep = plan(1, 1);
  evaluated(sweep.trials[0].trial_id, 1);
  EvaluationSource other({folder_.path(), "another", {}}, {this_process(), GroupName("g"), 1});
  EXPECT_TRUE(other.next());
}

TEST_F(EvaluationSourceTest, only_trials_that_are_named_are_given) {
  const Sweep sweep = plan(3, 3);
  EvaluationSource trials = source("g", {sweep.trials[2].trial_id});
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[2].trial_id);
  EXPECT_FALSE(trials.next());
}

TEST_F(EvaluationSourceTest, an_unknown_trial_gets_the_nearest_id) {
  const Sweep sweep = plan(1, 1);
  std::string wrong = sweep.trials[0].trial_id;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  try {
    source("g", {TrialId(wrong)});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean '" + sweep.trials[0].trial_id.text() + "'?"));
  }
}

TEST_F(EvaluationSourceTest, what_training_recorded_itself_is_not_evaluated_unless_requested) {
  Sweep sweep = small_sweep(1);
  Trial& trial = sweep.trials[0];
  trial.config.evaluation.calibration = true;
  trial.trial_id = trial_id(trial.config);
  trial.cell_id = cell_id(trial.config);
  write_manifest(folder_.path(), sweep);
  finish_training(trial.trial_id);
  EXPECT_FALSE(source().next());
  requested(trial.trial_id, 0);
  EXPECT_TRUE(source().next());
}

}  // namespace
}  // namespace headway
