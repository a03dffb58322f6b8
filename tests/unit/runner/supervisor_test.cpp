// The supervisor's decisions, on groups that have no processes.
#include "runner/supervisor/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/exit_code.h"
#include "base/sweep_layout.h"
#include "base/time.h"
#include "support/fake_launcher.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"

namespace headway {
namespace {

using testing::HasSubstr;

class SupervisorOnFakes : public testing::Test {
 protected:
  void plan(std::int64_t trials) {
    write_manifest(sweep_, small_sweep(trials));
    std::filesystem::create_directories(SweepLayout(sweep_).logs());  // as a process would
  }

  SupervisorEnd run(FakeLauncher& launcher) { return run(launcher, options()); }
  SupervisorEnd run(FakeLauncher& launcher, const SupervisorOptions& with) {
    ProgressDisplay display(messages_, {});
    return Supervisor(with, launcher, display).run();
  }

  SupervisorOptions options() const {
    return {.sweep_directory = sweep_,
            .group = {.worker = "no worker", .settings = {.sweep_directory = sweep_.string()}},
            .limits = {.slots = 1, .ranks = 1, .max_groups = 1}};
  }

  /// What a worker does first: claims a trial that nobody has, and records that it began.
  std::optional<TrialId> begin_trial(const FakeGroupState& group) {
    SweepState state(sweep_);
    state.refresh();
    for (const PlannedTrial& trial : read_manifest(sweep_).trials) {
      const TrialHistory& record = state.trial(trial.trial_id);
      if (record.state() != TrialState::kPending) continue;
      const int attempt = static_cast<int>(record.highest_attempt()) + 1;
      const ClaimOwner owner{
          this_process(), GroupName(group.spec.settings.group), group.spec.ranks};
      auto claim = try_claim(sweep_, trial.trial_id, attempt, owner);
      if (!claim) continue;
      claims_.push_back(std::move(*claim));
      append("attempt_started", {{"world_size", group.spec.ranks}, {"group", owner.group}});
      return trial.trial_id;
    }
    return std::nullopt;
  }

  void end_trial(const std::string& state, const std::string& failure = "") {
    append("attempt_finished", {{"state", state}, {"failure", failure}, {"duration_s", 0.5}});
  }

  /// A group that is at its trial until it is asked to leave.
  auto leaves_when_asked() {
    return [this](FakeGroupState& group) -> std::optional<ProcessEnd> {
      if (group.polls == 1) begin_trial(group);
      if (!group.was_asked_to_yield) return std::nullopt;
      end_trial("yielded");
      return ProcessEnd{kExitYielded, 0};
    };
  }

  void append(const std::string& kind, nlohmann::json record) {
    record["kind"] = kind;
    record["trial_id"] = claims_.back().trial_id();
    record["attempt"] = claims_.back().attempt();
    if (!worker_) worker_.emplace(sweep_, "worker");
    worker_->append(record, Flush::kNow);
  }

  TrialHistory record_of(std::int64_t seed) const {
    SweepState state(sweep_);
    state.refresh();
    return state.trial(small_trial(seed).trial_id);
  }

  TemporaryDirectory folder_;
  std::filesystem::path sweep_ = folder_.path() / "small";
  std::ostringstream messages_;
  std::vector<Claim> claims_;
  std::optional<SegmentWriter> worker_;
};

TEST_F(SupervisorOnFakes, it_ends_when_its_groups_have_carried_all_trials_through) {
  plan(3);
  FakeLauncher launcher([this](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (!begin_trial(group)) return ProcessEnd{kExitDone, 0};
    end_trial("done");
    return std::nullopt;
  });
  EXPECT_EQ(run(launcher), SupervisorEnd::kFinished);
  ASSERT_EQ(launcher.groups().size(), 1U);
  const GroupSettings& told = launcher.groups().front()->spec.settings;
  EXPECT_EQ(told.sweep_directory, sweep_.string());
  EXPECT_THAT(told.group, testing::EndsWith("-0"));
  EXPECT_EQ(record_of(2).state(), TrialState::kDone);
}

TEST_F(SupervisorOnFakes, more_ranks_than_cores_are_noted_once) {
  plan(3);
  FakeLauncher launcher([this](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (!begin_trial(group)) return ProcessEnd{kExitDone, 0};
    end_trial("done");
    return std::nullopt;
  });
  SupervisorOptions crowded = options();
  crowded.group.settings.threads_per_rank = 100'000;
  EXPECT_EQ(run(launcher, crowded), SupervisorEnd::kFinished);
  EXPECT_THAT(messages_.str(), HasSubstr("note: 1 rank with 100000 threads each share"));
}

TEST_F(SupervisorOnFakes, groups_that_die_before_they_take_a_trial_are_given_up) {
  plan(1);
  FakeLauncher launcher(fails_to_start);
  EXPECT_EQ(run(launcher), SupervisorEnd::kBadStart);
  EXPECT_EQ(launcher.groups().size(), 3U);
  EXPECT_THAT(messages_.str(), HasSubstr("worker groups die before they take a trial"));
  EXPECT_THAT(messages_.str(), HasSubstr("libtorch_cpu.so: cannot open"));
}

TEST_F(SupervisorOnFakes, groups_that_find_nothing_to_do_are_given_up) {
  plan(1);
  FakeLauncher launcher([](FakeGroupState&) -> std::optional<ProcessEnd> {
    return ProcessEnd{kExitDone, 0};
  });
  SupervisorOptions hasty = options();
  hasty.timeouts.idle_seconds = 0.001;
  EXPECT_EQ(run(launcher, hasty), SupervisorEnd::kBadStart);
  EXPECT_EQ(launcher.groups().size(), 8U);
  EXPECT_THAT(messages_.str(), HasSubstr("worker groups find no trial to take"));
}

TEST_F(SupervisorOnFakes, a_run_whose_trials_left_the_sweep_says_so_and_ends) {
  plan(3);
  FakeLauncher launcher([this](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (group.polls > 1) return ProcessEnd{kExitDone, 0};
    if (!begin_trial(group)) return std::nullopt;
    Sweep other = small_sweep(0);
    other.trials = {small_trial(7), small_trial(8)};
    write_manifest(sweep_, other);  // as a second run with other overrides does
    end_trial("done");
    return std::nullopt;
  });
  EXPECT_EQ(run(launcher), SupervisorEnd::kReplaced);
  EXPECT_EQ(launcher.groups().size(), 1U);
  EXPECT_THAT(messages_.str(), HasSubstr("2 of the 3 trials of this run"));
  EXPECT_EQ(record_of(7).state(), TrialState::kPending) << "that one's trials are not this one's";
  EXPECT_EQ(exit_code(SupervisorEnd::kReplaced, {.total = 3, .done = 1}), kExitFailed);
}

TEST_F(SupervisorOnFakes, it_serves_the_trials_that_it_was_given_whatever_the_sweep_has_besides) {
  plan(2);
  SupervisorOptions given = options();
  given.plan = read_manifest(sweep_);
  write_manifest(sweep_, small_sweep(5));
  FakeLauncher launcher([this](FakeGroupState& group) -> std::optional<ProcessEnd> {
    const SupervisorId supervisor = supervisor_id_of(GroupName(group.spec.settings.group));
    const auto served = trials_of_supervisor(sweep_, supervisor);
    EXPECT_TRUE(served && served->size() == 2U) << "groups are told";
    if (!begin_trial(group)) return ProcessEnd{kExitDone, 0};
    end_trial("done");
    return group.polls < 2 ? std::nullopt : std::optional(ProcessEnd{kExitDone, 0});
  });
  EXPECT_EQ(run(launcher, given), SupervisorEnd::kFinished);
  EXPECT_EQ(record_of(1).state(), TrialState::kDone);
  EXPECT_TRUE(std::filesystem::is_empty(SweepLayout(sweep_).supervisors())) << "the list is gone";
}

TEST_F(SupervisorOnFakes, a_kill_while_the_hosts_count_one_for_want_of_memory_was_for_that) {
  plan(1);
  FakeLauncher launcher;
  launcher.set_script([&](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (!begin_trial(group)) return ProcessEnd{kExitDone, 0};
    if (claims_.back().attempt() > 1) {
      end_trial("done");
      return std::nullopt;
    }
    ++launcher.oom_kills;
    return ProcessEnd{kExitSignalBase + SIGKILL, SIGKILL};
  });
  run(launcher);
  const AttemptRecord first = record_of(0).attempts.at(1);
  EXPECT_EQ(first.failure, "oom");
  EXPECT_THAT(first.message, HasSubstr("want of memory"));
}

TEST_F(SupervisorOnFakes, a_group_that_stands_still_is_diagnosed_and_killed) {
  plan(1);
  FakeLauncher launcher([this](FakeGroupState& group) -> std::optional<ProcessEnd> {
    group.members = {{.pid = 4711, .name = "headway-worker", .rank = 0, .state = "T (stopped)"}};
    if (group.polls == 1) {
      if (!begin_trial(group)) return ProcessEnd{kExitDone, 0};
      claims_.back().beat({.step = 3, .total_steps = 9, .phase = "training"});
    }
    return std::nullopt;
  });
  SupervisorOptions impatient = options();
  impatient.timeouts.hang_seconds = 0.3;
  impatient.timeouts.time_limit_seconds = 6;
  run(launcher, impatient);
  const FakeGroupState& hung = *launcher.groups().front();
  EXPECT_TRUE(hung.was_asked_for_stacks);
  EXPECT_TRUE(hung.was_killed);
  EXPECT_EQ(record_of(0).attempts.at(1).failure, "hung");
  EXPECT_THAT(record_of(0).attempts.at(1).message, HasSubstr("rank 0 is stopped"));
  EXPECT_THAT(text_of(SweepLayout(sweep_).group_log(GroupName(hung.spec.settings.group))),
              HasSubstr("rank 0 (process 4711, headway-worker): T (stopped)"));
}

TEST_F(SupervisorOnFakes, a_group_whose_ranks_do_not_start_is_hung_and_does_not_hold_up_a_stop) {
  write_manifest(sweep_, small_sweep(1, /*shards=*/2));
  std::filesystem::create_directories(SweepLayout(sweep_).logs());
  FakeLauncher launcher([](FakeGroupState& group) -> std::optional<ProcessEnd> {
    group.members = {{.pid = 4711, .name = "mpirun", .state = "S (sleeping)"}};
    return std::nullopt;
  });
  SupervisorOptions wide = options();
  wide.limits = {.slots = 2, .ranks = 2, .max_groups = 1};
  wide.timeouts.hang_seconds = 0.3;
  wide.timeouts.time_limit_seconds = 1000;
  EXPECT_EQ(run(launcher, wide), SupervisorEnd::kBadStart);
  EXPECT_THAT(text_of(SweepLayout(sweep_).group_log(
                  GroupName(launcher.groups().front()->spec.settings.group))),
              HasSubstr("no rank has started"));

  launcher.set_script([&](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (group.polls == 3) std::raise(SIGTERM);
    return std::nullopt;
  });
  wide.timeouts.hang_seconds = 900;
  const double asked_at = monotonic_seconds();
  EXPECT_EQ(run(launcher, wide), SupervisorEnd::kYielded);
  EXPECT_TRUE(launcher.groups().back()->was_killed);
  EXPECT_LT(monotonic_seconds() - asked_at, 30) << "half of what a rank at work is given";
}

TEST_F(SupervisorOnFakes, at_the_time_limit_groups_are_asked_to_leave) {
  plan(1);
  FakeLauncher launcher(leaves_when_asked());
  SupervisorOptions limited = options();
  limited.timeouts.time_limit_seconds = 6;  // less would not be worth the start of a group
  EXPECT_EQ(run(launcher, limited), SupervisorEnd::kTimeLimit);
  EXPECT_EQ(launcher.groups().size(), 1U);
  EXPECT_LE(launcher.groups().front()->spec.settings.time_limit_seconds.value(), 6);
  EXPECT_EQ(record_of(0).state(), TrialState::kPending) << "it goes on later";
}

TEST_F(SupervisorOnFakes, at_the_end_of_a_job_s_time_another_job_is_asked_for) {
  plan(1);
  FakeLauncher launcher(leaves_when_asked());
  SupervisorOptions limited = options();
  limited.timeouts.time_limit_seconds = 6;
  limited.timeouts.is_end_of_job = true;
  EXPECT_EQ(run(launcher, limited), SupervisorEnd::kJobEnds);
  EXPECT_EQ(exit_code(SupervisorEnd::kJobEnds, {}), kExitYielded);
}

// Ranks of other hosts have no processes here, and may well be at their checkpoints.
TEST_F(SupervisorOnFakes, a_group_out_of_sight_is_given_its_time_to_leave) {
  plan(1);
  double asked_at = 0;
  FakeLauncher launcher([&](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (group.polls == 1) begin_trial(group);
    if (group.polls == 3) std::raise(SIGTERM);
    if (!group.was_asked_to_yield) return std::nullopt;
    if (asked_at == 0) asked_at = monotonic_seconds();
    if (monotonic_seconds() - asked_at < 3) return std::nullopt;
    end_trial("yielded");
    return ProcessEnd{kExitYielded, 0};
  });
  launcher.shows_ranks = false;
  EXPECT_EQ(run(launcher), SupervisorEnd::kYielded);
  EXPECT_FALSE(launcher.groups().front()->was_killed);
}

}  // namespace
}  // namespace headway
