#include "sweep/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "scheduling/claims/supervisors.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "sweep/reports.h"
#include "sweep/sweep_status.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// The identity of a process of this machine that has ended.
ProcessIdentity dead_process() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  const ProcessIdentity identity = process_numbered(pid).value();
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return identity;
}

class Snapshot : public testing::Test {
 protected:
  void SetUp() override { write_manifest(sweep(), small_sweep(3)); }

  std::filesystem::path sweep() const { return folder_.path() / "small"; }
  static TrialId id(std::int64_t seed) { return small_trial(seed).trial_id; }

  Claim claim(std::int64_t seed, int attempt = 1, const ProcessIdentity& owner = this_process()) {
    return try_claim(sweep(), id(seed), attempt, {owner, GroupName("host-1a2b-0"), 1}).value();
  }
  void start(std::int64_t seed, int attempt = 1) {
    worker_->append({{"kind", "attempt_started"},
                     {"trial_id", id(seed)},
                     {"attempt", attempt},
                     {"group", "host-1a2b-0"},
                     {"world_size", 1}},
                    Flush::kNow);
  }
  void end(std::int64_t seed, int attempt, const std::string& state, const std::string& failure) {
    worker_->append({{"kind", "attempt_finished"},
                     {"trial_id", id(seed)},
                     {"attempt", attempt},
                     {"state", state},
                     {"failure", failure},
                     {"duration_s", 10.0}},
                    Flush::kNow);
  }

  SweepSnapshot now() {
    SweepSnapshot snapshot(sweep());
    snapshot.refresh();
    return snapshot;
  }
  SweepStatus status() { return sweep_status({"small", sweep()}, now()); }

  TemporaryDirectory folder_;
  std::optional<SegmentWriter> worker_{std::in_place, folder_.path() / "small", "worker"};
};

TEST_F(Snapshot, a_sweep_that_nobody_has_touched_waits) {
  const SweepSnapshot snapshot = now();
  EXPECT_EQ(snapshot.counts().total, 3);
  EXPECT_EQ(snapshot.counts().waiting, 3);
  EXPECT_THAT(snapshot.running(), IsEmpty());
  EXPECT_EQ(snapshot.find(id(2)), 2U);
  EXPECT_FALSE(snapshot.find(TrialId("0123456789ab")));
}

TEST_F(Snapshot, a_claim_runs_before_its_first_record) {
  Claim held = claim(1);
  held.beat({.step = 5, .total_steps = 10, .phase = "training"});
  const SweepSnapshot snapshot = now();
  ASSERT_EQ(snapshot.running().size(), 1U);
  EXPECT_EQ(snapshot.running().front().index, 1U);
  EXPECT_EQ(snapshot.running().front().claim.progress.step, 5);
  EXPECT_FALSE(snapshot.running().front().is_lost);
  EXPECT_EQ(snapshot.counts().waiting, 2);
}

TEST_F(Snapshot, a_record_of_the_end_ends_the_claim) {
  const Claim held = claim(0);
  start(0);
  end(0, 1, "done", "");
  const SweepSnapshot snapshot = now();
  EXPECT_EQ(snapshot.counts().done, 1);
  EXPECT_THAT(snapshot.running(), IsEmpty());
  EXPECT_FALSE(unended_claim(sweep(), id(0), snapshot.state().trial(id(0))));
}

TEST_F(Snapshot, who_only_looks_shows_a_trial_without_owner_as_lost_and_reports_nothing) {
  const Claim lost = claim(0, 1, dead_process());
  start(0);
  const SweepSnapshot snapshot = now();
  ASSERT_EQ(snapshot.running().size(), 1U);
  EXPECT_TRUE(snapshot.running().front().is_lost);
  EXPECT_EQ(now().state().trial(id(0)).state(), TrialState::kRunning);
  EXPECT_EQ(status().busy_slots, 0) << "nobody works";
  EXPECT_FALSE(status().remaining_seconds);
}

TEST_F(Snapshot, who_may_report_ends_the_attempt_of_an_owner_that_is_gone) {
  const Claim lost = claim(0, 1, dead_process());
  start(0);
  SegmentWriter reports(sweep(), "supervisor");
  SweepSnapshot snapshot(sweep());
  snapshot.refresh(reports);
  EXPECT_THAT(snapshot.running(), IsEmpty());
  EXPECT_EQ(snapshot.counts().waiting, 3);
  EXPECT_EQ(now().state().trial(id(0)).attempts.at(1).failure, "node_failure");
}

TEST_F(Snapshot, a_dead_group_under_a_living_supervisor_is_left_to_it) {
  const SupervisorPresence supervisor(sweep());
  const ClaimOwner owner{dead_process(), supervisor.group_name(0), 1};
  ASSERT_TRUE(try_claim(sweep(), id(0), 1, owner));
  SegmentWriter reports(sweep(), "supervisor");
  SweepSnapshot snapshot(sweep());
  snapshot.refresh(reports);
  EXPECT_EQ(snapshot.running().size(), 1U);
  EXPECT_EQ(snapshot.unended_claims(supervisor.group_name(0)).size(), 1U);
  EXPECT_THAT(live_supervisors(sweep()), testing::ElementsAre(supervisor.id()));
}

TEST_F(Snapshot, events_are_what_happened_since_the_last_look) {
  start(0);
  SweepSnapshot snapshot = now();
  EXPECT_THAT(snapshot.events(), IsEmpty()) << "what was there before is no news";
  end(0, 1, "failed", "diverged");
  snapshot.refresh();
  ASSERT_EQ(snapshot.events().size(), 1U);
  EXPECT_EQ(snapshot.events().front().kind, TrialEvent::Kind::kFailed);
  EXPECT_TRUE(snapshot.events().front().is_final);
  snapshot.refresh();
  EXPECT_THAT(snapshot.events(), IsEmpty());
}

TEST_F(Snapshot, a_cancelled_attempt_is_no_start) {
  start(0);
  SweepSnapshot snapshot = now();
  end(0, 1, "cancelled", "");
  snapshot.refresh();
  ASSERT_EQ(snapshot.events().size(), 1U);
  EXPECT_EQ(snapshot.events().front().kind, TrialEvent::Kind::kCancelled);
}

TEST_F(Snapshot, it_follows_a_plan_that_grows_when_told_to) {
  SweepSnapshot follows(sweep(), {.follows_plan = true});
  SweepSnapshot stays(sweep());
  end(0, 1, "done", "");
  follows.refresh();
  write_manifest(sweep(), small_sweep(5));
  const auto file = SweepLayout(sweep()).trials_file();
  std::filesystem::last_write_time(
      file, std::filesystem::last_write_time(file) + std::chrono::seconds(2));
  follows.refresh();
  stays.refresh();
  EXPECT_EQ(follows.counts().total, 5);
  EXPECT_EQ(follows.counts().done, 1);
  EXPECT_EQ(stays.counts().total, 3);
}

TEST_F(Snapshot, the_claims_that_are_looked_up_can_be_bounded) {
  std::vector<Claim> held;
  for (std::int64_t seed = 0; seed < 3; ++seed) held.push_back(claim(seed));
  SweepSnapshot snapshot(sweep(), {.claims_looked_up = 0});
  snapshot.refresh();
  EXPECT_THAT(snapshot.running(), IsEmpty());
  start(1);
  snapshot.refresh();
  EXPECT_EQ(snapshot.running().size(), 1U) << "what records tell of is always looked up";
}

TEST_F(Snapshot, the_status_counts_every_state_and_names_failures) {
  Claim held = claim(2);
  held.beat({.step = 5, .total_steps = 10, .phase = "training"});
  end(0, 1, "done", "");
  end(1, 1, "failed", "diverged");
  const SweepStatus there = status();
  EXPECT_EQ(there.counts.at(TrialState::kDone), 1);
  EXPECT_EQ(there.counts.at(TrialState::kFailed), 1);
  EXPECT_EQ(there.counts.at(TrialState::kRunning), 1);
  EXPECT_EQ(there.counts.at(TrialState::kPending), 0);
  ASSERT_EQ(there.failed.size(), 1U);
  EXPECT_EQ(there.failed.front().trial_id, id(1));
  EXPECT_TRUE(there.failed.front().is_final);
  EXPECT_EQ(there.busy_slots, 1);
  EXPECT_NEAR(there.remaining_seconds.value(), there.running.front().remaining_seconds, 2);
  EXPECT_FALSE(there.is_over());
}

TEST_F(Snapshot, however_many_ranks_the_heartbeats_tell_of_the_status_ends) {
  for (const std::int64_t seed : {0, 1}) {
    try_claim(sweep(), id(seed), 1, {this_process(), GroupName("host-1a2b-0"), kMostRanks});
  }
  const SweepStatus there = status();
  EXPECT_EQ(there.busy_slots, kMostRanks);
  ASSERT_TRUE(there.remaining_seconds);
  EXPECT_TRUE(std::isfinite(*there.remaining_seconds));
}

TEST_F(Snapshot, a_cancelled_trial_is_settled_until_someone_wants_it_again) {
  SegmentWriter command(sweep(), "command");
  request_cancel(command, id(0), {});
  EXPECT_EQ(now().counts().cancelled, 1);
  EXPECT_EQ(now().counts().open(), 2);
  end(1, 1, "failed", "diverged");
  EXPECT_EQ(now().counts().failed, 1);
  request_retry(command, id(1), {}, 1);
  EXPECT_EQ(now().counts().failed, 0);
}

}  // namespace
}  // namespace headway
