#include "runner/worker/trial_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/errors.h"
#include "scheduling/claims/supervisors.h"
#include "scheduling/planning/group_assignments.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

class TrialSourceTest : public testing::Test {
 protected:
  void plan(const Sweep& sweep) { write_manifest(folder_.path(), sweep); }

  TrialSource source(const std::string& group = "g1", int width = 1) {
    return {folder_.path(), owner(group, width)};
  }

  static ClaimOwner owner(const std::string& group, int width = 1) {
    return {this_process(), GroupName(group), width};
  }

  static ClaimOwner dead_owner(const std::string& group) {
    ClaimOwner gone = owner(group);
    gone.process.start_ticks += 1;
    return gone;
  }

  static ClaimOwner owner_elsewhere() {
    ClaimOwner far = owner("far-1");
    far.process.machine = "another-boot/1";
    return far;
  }

  void started(const TrialId& trial_id, int attempt) {
    writer_.append(
        {{"kind", "attempt_started"}, {"trial_id", trial_id}, {"attempt", attempt}, {"group", "g"}},
        Flush::kLater);
  }

  void finished(const TrialId& trial_id,
                int attempt,
                const std::string& state,
                const std::string& failure = "") {
    writer_.append({{"kind", "attempt_finished"},
                    {"trial_id", trial_id},
                    {"attempt", attempt},
                    {"state", state},
                    {"failure", failure}},
                   Flush::kLater);
  }

  TrialHistory record(const TrialId& trial_id) {
    SweepState state(folder_.path());
    state.refresh();
    return state.trial(trial_id);
  }

  TemporaryDirectory folder_;
  SegmentWriter writer_{folder_.path(), "worker"};
};

TEST_F(TrialSourceTest,
       a_group_serves_its_supervisors_list_of_trials_as_far_as_the_sweep_has_them) {
  plan(small_sweep(3));
  const SupervisorTrials served(folder_.path(), SupervisorId("h-1"));
  served.publish(read_manifest(folder_.path()).trials);
  plan(small_sweep(5));
  TrialSource source = this->source("h-1-0");
  Sweep other = small_sweep(0);
  other.trials = {small_trial(9), small_trial(2)};
  std::vector<Claim> held;  // in the queue's order, which the seeds do not tell
  held.push_back(std::move(source.next()->claim));
  plan(other);  // while the group is at work
  while (auto claimed = source.next()) held.push_back(std::move(claimed->claim));
  for (const Claim& claim : held) {
    EXPECT_NE(claim.trial_id(), small_trial(9).trial_id) << "another run's";
    EXPECT_NE(claim.trial_id(), small_trial(3).trial_id) << "added since";
  }
  EXPECT_THAT(held.size(), testing::AnyOf(1U, 2U)) << "the other two left the sweep";
}

TEST_F(TrialSourceTest, every_trial_is_given_once) {
  const Sweep sweep = small_sweep(5);
  plan(sweep);
  TrialSource trials = source();
  std::vector<ClaimedTrial> taken;
  while (auto trial = trials.next()) taken.push_back(std::move(*trial));
  ASSERT_EQ(taken.size(), 5U);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].trial.trial_id, sweep.trials[i].trial_id) << "ties keep plan order";
    EXPECT_EQ(taken[i].trial.config.seed, static_cast<std::int64_t>(i));
    EXPECT_EQ(taken[i].claim.attempt(), 1);
  }
}

TEST_F(TrialSourceTest, what_is_not_the_configuration_of_its_id_is_not_trained) {
  const Sweep sweep = small_sweep(3);
  plan(sweep);
  const auto file = SweepLayout(folder_.path()).trials_file();
  std::string text = text_of(file);
  const std::string place = "\"epochs\":";
  const std::size_t second = text.find('\n') + 1;
  text.insert(text.find(place, second) + place.size(), "1");
  std::ofstream(file) << text;
  TrialSource trials = source();
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[0].trial_id);
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[2].trial_id);
  EXPECT_FALSE(trials.next());
  const TrialHistory refused = record(sweep.trials[1].trial_id);
  EXPECT_EQ(refused.state(), TrialState::kFailed);
  EXPECT_THAT(refused.last_attempt()->message, testing::HasSubstr("does not fit its ids"));
  EXPECT_FALSE(latest_claim(folder_.path(), sweep.trials[1].trial_id));
}

// A file where a trial's claims should be, a claim that is a file, a number that is the last, a
// link that leads to nothing.
TEST_F(TrialSourceTest, a_trial_whose_claims_are_none_fails_and_the_others_go_on) {
  const Sweep sweep = small_sweep(5);
  plan(sweep);
  const SweepLayout layout(folder_.path());
  std::filesystem::create_directories(layout.claims());
  std::ofstream(layout.claims(sweep.trials[0].trial_id)) << "";
  ASSERT_EQ(::mkfifo(layout.claims(sweep.trials[1].trial_id).c_str(), 0600), 0);
  ASSERT_TRUE(
      try_claim(folder_.path(), sweep.trials[2].trial_id, 1'000'000'000, dead_owner("g-9")));
  std::filesystem::create_symlink("nowhere", layout.claims() / sweep.trials[3].trial_id.text());
  TrialSource trials = source();
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[4].trial_id);
  EXPECT_FALSE(trials.next());
  for (std::size_t i = 0; i < 2; ++i) {
    const TrialHistory refused = record(sweep.trials[i].trial_id);
    EXPECT_EQ(refused.state(), TrialState::kFailed) << i;
    EXPECT_THAT(refused.last_attempt()->message, testing::HasSubstr("expected a directory")) << i;
  }
  EXPECT_EQ(record(sweep.trials[2].trial_id).state(), TrialState::kFailed);
  EXPECT_THAT(record(sweep.trials[3].trial_id).last_attempt()->message,
              testing::HasSubstr("a symbolic link that leads nowhere"));
}

// Another attempt has the last number, or someone has asked to try again whatever comes.
TEST_F(TrialSourceTest, a_trial_that_no_refusal_ends_is_refused_once_and_the_others_go_on) {
  const Sweep sweep = small_sweep(3);
  plan(sweep);
  const SweepLayout layout(folder_.path());
  const TrialId& last_number = sweep.trials[0].trial_id;
  finished(last_number, 1'000'000'000, "yielded");
  const TrialId& always_retried = sweep.trials[1].trial_id;
  std::filesystem::create_directories(layout.claims());
  std::ofstream(layout.claims(always_retried)) << "";
  writer_.append(
      RetryRequested{.trial_id = always_retried, .number = 1, .through_attempt = 1'000'000'000},
      Flush::kLater);
  TrialSource trials = source();
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[2].trial_id);
  EXPECT_FALSE(trials.next());
  EXPECT_EQ(record(last_number).state(), TrialState::kPending);
  EXPECT_EQ(record(always_retried).attempts.size(), 1U);
}

TEST_F(TrialSourceTest, who_is_asked_to_stop_takes_no_further_trial) {
  plan(small_sweep(3));
  TrialSource trials = source();
  ASSERT_TRUE(trials.next());
  EXPECT_FALSE(trials.next([] { return true; }));
  EXPECT_TRUE(trials.next([] { return false; }));
}

TEST_F(TrialSourceTest, many_groups_at_once_never_take_the_same_trial) {
  plan(small_sweep(40));
  std::vector<std::vector<TrialId>> taken(4);
  std::vector<std::thread> groups;
  for (std::size_t group = 0; group < taken.size(); ++group) {
    groups.emplace_back([&, group] {
      TrialSource trials = source("g" + std::to_string(group));
      while (auto trial = trials.next()) taken[group].push_back(trial->trial.trial_id);
    });
  }
  for (std::thread& group : groups) group.join();
  std::multiset<TrialId> all;
  for (const auto& ids : taken) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 40U);
  EXPECT_EQ(std::set<TrialId>(all.begin(), all.end()).size(), 40U);
}

TEST_F(TrialSourceTest, the_longest_trial_comes_first) {
  Sweep sweep = small_sweep(3);
  sweep.trials[1].config.training.epochs = 50;
  sweep.trials[1].trial_id = trial_id(sweep.trials[1].config);
  sweep.trials[1].cell_id = cell_id(sweep.trials[1].config);
  plan(sweep);
  TrialSource trials = source();
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[1].trial_id);
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[0].trial_id);
}

TEST_F(TrialSourceTest, a_wide_group_takes_what_its_width_divides) {
  Sweep sweep = small_sweep(1);
  sweep.trials.push_back(small_trial(1, 4));
  plan(sweep);
  TrialSource trials = source("g1", 2);
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[1].trial_id);
  EXPECT_FALSE(trials.next());
}

TEST_F(TrialSourceTest, what_the_supervisor_offers_comes_first) {
  const Sweep sweep = small_sweep(3);
  plan(sweep);
  const SupervisorPresence supervisor(folder_.path());
  AssignmentFile board(folder_.path(), supervisor.id());
  board.publish({.first = {{sweep.trials[2].trial_id, 1}, {id_beginning("0"), 1}}});
  TrialSource trials = source(supervisor.group_name(0));
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[2].trial_id);
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[0].trial_id) << "then the queue's order";
}

TEST_F(TrialSourceTest, a_trial_that_is_planned_wider_is_left_to_a_wider_group) {
  const Sweep sweep = small_sweep(2, 2);
  plan(sweep);
  const SupervisorPresence supervisor(folder_.path());
  AssignmentFile board(folder_.path(), supervisor.id());
  board.publish({.first = {{sweep.trials[0].trial_id, 2}}, .width_of_others = 0});
  EXPECT_FALSE(source(supervisor.group_name(0), 1).next());
  TrialSource wide = source(supervisor.group_name(1), 2);
  EXPECT_EQ(wide.next()->trial.trial_id, sweep.trials[0].trial_id);
  EXPECT_FALSE(wide.next()) << "the other one is not offered yet";
  EXPECT_TRUE(source("other-1234-0", 1).next()) << "another supervisor's groups are free to";
}

TEST_F(TrialSourceTest, offers_are_read_anew_for_each_trial) {
  const Sweep sweep = small_sweep(2, 2);
  plan(sweep);
  const SupervisorPresence supervisor(folder_.path());
  AssignmentFile board(folder_.path(), supervisor.id());
  board.publish({.width_of_others = 1});
  TrialSource trials = source(supervisor.group_name(0), 1);
  EXPECT_TRUE(trials.next());
  board.publish({.width_of_others = 0});
  EXPECT_FALSE(trials.next());
}

TEST_F(TrialSourceTest, a_failed_attempt_is_tried_again_as_the_policy_allows) {
  const Sweep sweep = small_sweep(1);
  plan(sweep);
  TrialSource trials = source();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto trial = trials.next();
    ASSERT_TRUE(trial);
    EXPECT_EQ(trial->claim.attempt(), attempt);
    started(trial->trial.trial_id, attempt);
    finished(trial->trial.trial_id, attempt, "failed", "crash");
  }
  EXPECT_FALSE(trials.next()) << "three crashes are enough";
  writer_.append(
      {{"kind", "retry_requested"}, {"trial_id", sweep.trials[0].trial_id}, {"through_attempt", 3}},
      Flush::kLater);
  const auto again = trials.next();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->claim.attempt(), 4);
}

TEST_F(TrialSourceTest, a_yielded_trial_goes_on_and_a_cancelled_one_does_not) {
  const Sweep sweep = small_sweep(2);
  plan(sweep);
  try_claim(folder_.path(), sweep.trials[0].trial_id, 1, owner("g0"));
  started(sweep.trials[0].trial_id, 1);
  finished(sweep.trials[0].trial_id, 1, "yielded");
  writer_.append({{"kind", "cancel_requested"}, {"trial_id", sweep.trials[1].trial_id}},
                 Flush::kLater);
  TrialSource trials = source();
  const auto trial = trials.next();
  ASSERT_TRUE(trial);
  EXPECT_EQ(trial->trial.trial_id, sweep.trials[0].trial_id);
  EXPECT_EQ(trial->claim.attempt(), 2);
  EXPECT_FALSE(trials.next());
}

TEST_F(TrialSourceTest, a_claim_that_may_be_alive_is_respected) {
  const Sweep sweep = small_sweep(2);
  plan(sweep);
  try_claim(folder_.path(), sweep.trials[0].trial_id, 1, owner("other"));
  try_claim(folder_.path(), sweep.trials[1].trial_id, 1, owner_elsewhere());
  EXPECT_FALSE(source().next());
}

TEST_F(TrialSourceTest, a_trial_whose_group_and_supervisor_died_is_taken_over) {
  const Sweep sweep = small_sweep(1);
  plan(sweep);
  const TrialId& id = sweep.trials[0].trial_id;
  const auto lost = try_claim(folder_.path(), id, 1, dead_owner("gone-1234-0"));
  started(id, 1);
  const auto trial = source().next();
  ASSERT_TRUE(trial);
  EXPECT_EQ(trial->claim.attempt(), 2);
  EXPECT_TRUE(lost->fenced());
  const AttemptRecord first = record(id).attempts.at(1);
  EXPECT_EQ(first.state, "failed");
  EXPECT_EQ(first.failure, "node_failure");
  EXPECT_THAT(first.message, testing::HasSubstr("gone-1234-0"));
}

TEST_F(TrialSourceTest, a_dead_group_is_left_to_its_living_supervisor) {
  const Sweep sweep = small_sweep(1);
  plan(sweep);
  const SupervisorPresence supervisor(folder_.path());
  try_claim(folder_.path(), sweep.trials[0].trial_id, 1, dead_owner(supervisor.group_name(0)));
  EXPECT_FALSE(source().next());
}

TEST_F(TrialSourceTest, a_done_trial_is_never_given_again) {
  const Sweep sweep = small_sweep(1);
  plan(sweep);
  const TrialId& id = sweep.trials[0].trial_id;
  try_claim(folder_.path(), id, 1, dead_owner("gone-1234-0"));
  started(id, 1);
  finished(id, 1, "done");
  EXPECT_FALSE(source().next());
  EXPECT_EQ(record(id).state(), TrialState::kDone);
  EXPECT_EQ(record(id).attempts.size(), 1U);
}

TEST_F(TrialSourceTest, news_are_read_between_trials) {
  const Sweep sweep = small_sweep(3);
  plan(sweep);
  TrialSource trials = source();
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[0].trial_id);
  started(sweep.trials[1].trial_id, 1);
  finished(sweep.trials[1].trial_id, 1, "done");
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[2].trial_id);
}

TEST_F(TrialSourceTest, a_trial_that_ran_out_of_memory_is_left_to_narrower_groups) {
  const Sweep sweep = small_sweep(1, 4);
  plan(sweep);
  const TrialId& id = sweep.trials[0].trial_id;
  writer_.append({{"kind", "attempt_finished"},
                  {"trial_id", id},
                  {"attempt", 1},
                  {"state", "failed"},
                  {"failure", "oom"},
                  {"world_size", 2}},
                 Flush::kLater);
  EXPECT_FALSE(source("wide", 2).next());
  EXPECT_TRUE(source("narrow", 1).next());
}

TEST_F(TrialSourceTest, a_paused_sweep_gives_nothing) {
  const Sweep sweep = small_sweep(5);
  plan(sweep);
  for (std::size_t i = 0; i < 3; ++i) {
    started(sweep.trials[i].trial_id, 1);
    finished(sweep.trials[i].trial_id, 1, "failed", "error");
  }
  EXPECT_FALSE(source().next());
  TrialSource one(folder_.path(), owner("g1"), sweep.trials[4].trial_id);
  EXPECT_TRUE(one.next()) << "who asks for one trial gets it";
}

TEST_F(TrialSourceTest, a_single_trial_can_be_asked_for) {
  const Sweep sweep = small_sweep(3);
  plan(sweep);
  TrialSource trials(folder_.path(), owner("g1"), sweep.trials[2].trial_id);
  EXPECT_EQ(trials.next()->trial.trial_id, sweep.trials[2].trial_id);
  EXPECT_FALSE(trials.next());
  EXPECT_THROW(TrialSource(folder_.path(), owner("g1"), "0123456789ab"), ConfigError);
}

}  // namespace
}  // namespace headway
