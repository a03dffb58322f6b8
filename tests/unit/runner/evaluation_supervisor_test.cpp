// The supervisor's decisions, on groups that have no processes.
#include "runner/supervisor/evaluation_supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "base/exit_code.h"
#include "support/fake_launcher.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::HasSubstr;

constexpr const char* kSuite = "calibration";

class EvaluationSupervisorOnFakes : public testing::Test {
 protected:
  /// All of them are trained.
  void plan(std::int64_t trials) {
    const Sweep sweep = small_sweep(trials);
    write_manifest(sweep_, sweep);
    for (const Trial& trial : sweep.trials) {
      worker_.append(AttemptFinished{.trial_id = trial.trial_id,
                                     .attempt = 1,
                                     .state = "done",
                                     .weights_sha256 = "of " + trial.trial_id.text()},
                     Flush::kNow);
    }
    std::filesystem::create_directories(SweepLayout(sweep_).logs());  // as a process would
  }

  SupervisorEnd run(FakeLauncher& launcher) {
    ProgressDisplay display(messages_, {});
    EvaluationSupervisor supervisor(
        {.sweep_directory = sweep_,
         .sweep = "small",
         .suite = kSuite,
         .trials = read_manifest(sweep_).trials,
         .group = {.worker = "no worker",
                   .settings = {.sweep_directory = sweep_.string(), .suite = kSuite}}},
        launcher,
        display);
    const SupervisorEnd end = supervisor.run();
    counts_ = supervisor.counts();
    return end;
  }

  /// What a worker does first: claims an evaluation that nobody has.
  bool claim(const FakeGroupState& group) {
    EvaluationState state(sweep_, kSuite);
    state.refresh();
    for (const PlannedTrial& trial : read_manifest(sweep_).trials) {
      if (state.status(trial.trial_id) != EvaluationStatus::kOpen) continue;
      const auto highest = state.trial(trial.trial_id).evaluation.highest_attempt();
      auto claim = try_claim(SweepLayout(sweep_).evaluation(kSuite),
                             trial.trial_id,
                             static_cast<int>(highest) + 1,
                             {this_process(), GroupName(group.spec.settings.group), 1});
      if (!claim) continue;
      claims_.push_back(std::move(*claim));
      return true;
    }
    return false;
  }

  void record_results() {
    const TrialId& id = claims_.back().trial_id();
    worker_.append(Evaluated{.trial_id = id,
                             .evaluation = kSuite,
                             .attempt = 1,
                             .weights_sha256 = "of " + id.text(),
                             .claim = claims_.back().attempt()},
                   Flush::kNow);
  }

  TemporaryDirectory folder_;
  std::filesystem::path sweep_ = folder_.path() / "small";
  SegmentWriter worker_{sweep_, "worker"};
  std::ostringstream messages_;
  std::vector<Claim> claims_;
  TrialCounts counts_;
};

TEST_F(EvaluationSupervisorOnFakes, it_ends_when_all_trials_are_evaluated) {
  plan(3);
  FakeLauncher launcher([this](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (!claim(group)) return ProcessEnd{kExitDone, 0};
    record_results();
    return std::nullopt;
  });
  EXPECT_EQ(run(launcher), SupervisorEnd::kFinished);
  EXPECT_EQ(counts_.done, 3);
  EXPECT_EQ(launcher.groups().size(), 1U);
}

TEST_F(EvaluationSupervisorOnFakes, groups_that_die_before_they_take_a_trial_are_given_up) {
  plan(1);
  FakeLauncher launcher(fails_to_start);
  EXPECT_EQ(run(launcher), SupervisorEnd::kBadStart);
  EXPECT_EQ(launcher.groups().size(), 3U);
  EXPECT_THAT(messages_.str(), HasSubstr("libtorch_cpu.so: cannot open"));
}

TEST_F(EvaluationSupervisorOnFakes, what_a_killed_group_had_claimed_is_tried_again) {
  plan(1);
  FakeLauncher launcher([this](FakeGroupState& group) -> std::optional<ProcessEnd> {
    if (!claim(group)) return ProcessEnd{kExitDone, 0};
    if (claims_.size() == 1) return ProcessEnd{kExitSignalBase + SIGKILL, SIGKILL};
    record_results();
    return std::nullopt;
  });
  EXPECT_EQ(run(launcher), SupervisorEnd::kFinished);
  EXPECT_EQ(counts_.done, 1);
  EvaluationState state(sweep_, kSuite);
  state.refresh();
  const TrialHistory& evaluation = state.trial(claims_.front().trial_id()).evaluation;
  EXPECT_EQ(evaluation.attempts.at(1).failure, "crash");
  EXPECT_EQ(evaluation.attempts.at(2).state, "done");
}

}  // namespace
}  // namespace headway
