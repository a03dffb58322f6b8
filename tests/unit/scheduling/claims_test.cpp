#include "scheduling/claims/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/errors.h"
#include "base/limits.h"
#include "base/sweep_layout.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

const TrialId kTrial = id_beginning("abc");

ClaimOwner owner_here(const std::string& group = "g1") {
  return {this_process(), GroupName(group), 2};
}

ClaimOwner owner_elsewhere() {
  ClaimOwner owner = owner_here();
  owner.process.machine = "another-boot/1";
  return owner;
}

ClaimOwner dead_owner_here() {
  ClaimOwner owner = owner_here();
  owner.process.start_ticks += 1;  // the process number was given to someone else
  return owner;
}

ClaimView seen(const ClaimOwner& owner, int attempt = 1, std::uint64_t counter = 0) {
  return {kTrial, attempt, owner, counter, {}};
}

TEST(Claims, a_claim_is_seen_with_its_owner_and_progress) {
  const TemporaryDirectory folder;
  auto claim = try_claim(folder.path(), kTrial, 1, owner_here());
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->trial_id(), kTrial);
  EXPECT_EQ(claim->attempt(), 1);

  auto view = latest_claim(folder.path(), kTrial);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->owner.process, this_process());
  EXPECT_EQ(view->owner.group, "g1");
  EXPECT_EQ(view->owner.world_size, 2);
  EXPECT_EQ(view->counter, 0U);

  claim->beat({.epoch = 3,
               .epochs = 10,
               .step = 44,
               .total_steps = 100,
               .images_per_second = 12.5,
               .phase = "training",
               .evaluated_batches = 7});
  view = latest_claim(folder.path(), kTrial);
  EXPECT_EQ(view->counter, 1U);
  EXPECT_EQ(view->progress.evaluated_batches, 7);
  EXPECT_EQ(view->progress.step, 44);
  EXPECT_EQ(view->progress.phase, "training");
  EXPECT_EQ(view->progress.images_per_second, 12.5);
}

TEST(Claims, an_attempt_hears_that_its_trial_was_cancelled) {
  const TemporaryDirectory folder;
  const auto first = try_claim(folder.path(), kTrial, 1, owner_here());
  const auto second = try_claim(folder.path(), kTrial, 2, owner_here());
  ask_to_cancel(folder.path(), kTrial, 2);
  EXPECT_FALSE(first->cancel_asked());
  EXPECT_TRUE(second->cancel_asked());
}

TEST(Claims, only_living_groups_of_this_machine_share_its_memory) {
  const TemporaryDirectory folder;
  try_claim(folder.path(), id_beginning("a"), 1, owner_here("own"));
  try_claim(folder.path(), id_beginning("b"), 1, owner_here("beside"));
  try_claim(folder.path(), id_beginning("c"), 1, owner_here("beside"));
  try_claim(folder.path(), id_beginning("d"), 1, owner_elsewhere());
  try_claim(folder.path(), id_beginning("e"), 1, dead_owner_here());
  EXPECT_EQ(groups_beside(folder.path(), GroupName("own")), 1);
}

// What follows from the number of ranks takes time and memory for each.
TEST(Claims, a_heartbeat_of_more_ranks_than_a_group_may_have_is_unreadable) {
  const TemporaryDirectory folder;
  ClaimOwner owner = owner_here();
  owner.world_size = 1024;
  const auto most = try_claim(folder.path(), kTrial, 1, owner);
  EXPECT_EQ(latest_claim(folder.path(), kTrial)->owner.world_size, 1024);
  owner.world_size = 1025;
  const auto more = try_claim(folder.path(), kTrial, 2, owner);
  EXPECT_THAT(latest_claim(folder.path(), kTrial)->unreadable,
              testing::HasSubstr("an integer from 1 to 1024"));
}

TEST(Claims, the_same_attempt_is_claimed_once) {
  const TemporaryDirectory folder;
  EXPECT_TRUE(try_claim(folder.path(), kTrial, 1, owner_here()));
  EXPECT_FALSE(try_claim(folder.path(), kTrial, 1, owner_here("g2")));
  EXPECT_EQ(latest_claim(folder.path(), kTrial)->owner.group, "g1");
}

TEST(Claims, of_many_contenders_exactly_one_wins_each_trial) {
  const TemporaryDirectory folder;
  std::vector<std::atomic<int>> winners(50);
  std::vector<std::thread> contenders;
  for (int id = 0; id < 4; ++id) {
    contenders.emplace_back([&, id] {
      for (std::size_t trial = 0; trial < winners.size(); ++trial) {
        if (try_claim(folder.path(), id_numbered(trial), 1, owner_here(std::to_string(id)))) {
          ++winners[trial];
        }
      }
    });
  }
  for (std::thread& contender : contenders) contender.join();
  for (const auto& count : winners) EXPECT_EQ(count, 1);
}

TEST(Claims, a_lost_contest_leaves_nothing_behind) {
  const TemporaryDirectory folder;
  const auto claim = try_claim(folder.path(), kTrial, 1, owner_here());
  EXPECT_FALSE(try_claim(folder.path(), kTrial, 1, owner_here("g2")));
  int entries = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(SweepLayout(folder.path()).claims(kTrial))) {
    ++entries;
  }
  EXPECT_EQ(entries, 1);
}

TEST(Claims, a_higher_attempt_fences_the_lower_one_off) {
  const TemporaryDirectory folder;
  const auto first = try_claim(folder.path(), kTrial, 1, owner_here());
  EXPECT_FALSE(first->fenced());
  const auto second = try_claim(folder.path(), kTrial, 2, owner_here("g2"));
  EXPECT_TRUE(first->fenced());
  EXPECT_FALSE(second->fenced());
  EXPECT_EQ(latest_claim(folder.path(), kTrial)->attempt, 2);
}

TEST(Claims, attempts_are_ordered_as_numbers) {
  const TemporaryDirectory folder;
  for (const int attempt : {2, 9, 10}) try_claim(folder.path(), kTrial, attempt, owner_here());
  EXPECT_EQ(latest_claim(folder.path(), kTrial)->attempt, 10);
}

TEST(Claims, a_trial_without_claims_has_no_latest_claim) {
  const TemporaryDirectory folder;
  EXPECT_FALSE(latest_claim(folder.path(), kTrial));
  EXPECT_TRUE(latest_claims(folder.path()).empty());
}

TEST(Claims, latest_claims_lists_every_trial_once) {
  const TemporaryDirectory folder;
  try_claim(folder.path(), id_beginning("b"), 1, owner_here());
  try_claim(folder.path(), id_beginning("a"), 1, owner_here());
  try_claim(folder.path(), id_beginning("a"), 2, owner_here());
  const auto views = latest_claims(folder.path());
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].trial_id, id_beginning("a"));
  EXPECT_EQ(views[0].attempt, 2);
  EXPECT_EQ(views[1].trial_id, id_beginning("b"));
}

TEST(Claims, a_heartbeat_emptied_by_a_crash_still_holds_the_attempt) {
  const TemporaryDirectory folder;
  try_claim(folder.path(), kTrial, 1, owner_here());
  std::ofstream(SweepLayout(folder.path()).heartbeat(kTrial, 1), std::ios::trunc).close();
  const auto view = latest_claim(folder.path(), kTrial);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->attempt, 1);
  EXPECT_EQ(liveness(view->owner.process), Liveness::kUnknown);
  EXPECT_FALSE(try_claim(folder.path(), kTrial, 1, owner_here()));
}

class StrangeHeartbeat : public testing::TestWithParam<const char*> {};

TEST_P(StrangeHeartbeat, says_nothing_of_its_owner_but_holds_the_attempt) {
  const TemporaryDirectory folder;
  try_claim(folder.path(), kTrial, 1, owner_here());
  const auto heartbeat = SweepLayout(folder.path()).heartbeat(kTrial, 1);
  std::filesystem::remove(heartbeat);
  const std::string kind = GetParam();
  if (kind == "pipe") ::mkfifo(heartbeat.c_str(), 0600);
  if (kind == "link") std::filesystem::create_symlink("/dev/zero", heartbeat);
  if (kind == "endless") std::ofstream(heartbeat) << std::string(kLargestNote + 1, ' ');
  if (kind == "deep") std::ofstream(heartbeat) << std::string(100'000, '[');
  ASSERT_TRUE(std::filesystem::exists(heartbeat));
  const auto view = latest_claim(folder.path(), kTrial);
  ASSERT_TRUE(view);
  EXPECT_EQ(liveness(view->owner.process), Liveness::kUnknown);
  EXPECT_FALSE(try_claim(folder.path(), kTrial, 1, owner_here()));
}

INSTANTIATE_TEST_SUITE_P(Claims,
                         StrangeHeartbeat,
                         testing::Values("pipe", "link", "endless", "deep"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST(Claims, a_speed_that_cannot_be_is_taken_for_none) {
  const TemporaryDirectory folder;
  auto claim = try_claim(folder.path(), kTrial, 1, owner_here());
  for (const double speed : {-1.0, 1e-305, 1e300}) {
    claim->beat({.step = 9, .images_per_second = speed, .phase = "training"});
    const auto view = latest_claim(folder.path(), kTrial);
    EXPECT_EQ(view->progress.images_per_second, 0) << speed;
    EXPECT_EQ(view->progress.step, 9) << speed;
  }
}

TEST(Claims, a_group_whose_name_would_lead_elsewhere_is_no_owner) {
  const TemporaryDirectory folder;
  try_claim(folder.path(), kTrial, 1, owner_here());
  const auto heartbeat = SweepLayout(folder.path()).heartbeat(kTrial, 1);
  auto json = nlohmann::json::parse(text_of(heartbeat));
  json["group"] = "../../../victim";
  std::ofstream(heartbeat) << json;
  const auto view = latest_claim(folder.path(), kTrial);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->owner.group, GroupName());
  EXPECT_EQ(liveness(view->owner.process), Liveness::kUnknown);
}

TEST(Claims, a_folder_whose_name_is_no_trial_id_is_no_claim) {
  const TemporaryDirectory folder;
  try_claim(folder.path(), kTrial, 1, owner_here());
  for (const char* name : {"victim", "0123456789AB", "0123456789a"}) {
    std::filesystem::create_directories(SweepLayout(folder.path()).claims() / name / "1");
  }
  EXPECT_EQ(latest_claims(folder.path()).size(), 1U);
}

TEST(Claims, a_link_in_the_place_of_a_trials_claims_costs_that_trial_alone) {
  const TemporaryDirectory sweep;
  const TemporaryDirectory elsewhere;
  const SweepLayout layout(sweep.path());
  const TrialId linked("0123456789ab");
  const TrialId sound("ba9876543210");
  ASSERT_TRUE(try_claim(sweep.path(), sound, 1, {this_process(), GroupName("g-1"), 1}));
  std::filesystem::create_directories(elsewhere.path() / "1");
  const auto link = layout.claims() / linked.text();
  for (const std::string target :
       {"nowhere", linked.text().c_str(), elsewhere.path().c_str(), "/dev/null"}) {
    std::filesystem::create_symlink(target, link);
    EXPECT_FALSE(latest_claim(sweep.path(), linked)) << target;
    EXPECT_EQ(latest_claims(sweep.path()).size(), 1U) << target;
    ASSERT_EQ(all_claims(sweep.path()).size(), 1U) << target;
    EXPECT_EQ(all_claims(sweep.path())[0].trial_id, sound) << target;
    EXPECT_THROW(try_claim(sweep.path(), linked, 1, {}), ClaimError) << target;
    std::filesystem::remove(link);
  }
}

TEST(Claims, an_attempt_that_is_a_link_out_of_the_sweep_has_no_owner_that_could_be_read) {
  const TemporaryDirectory sweep;
  const TemporaryDirectory elsewhere;
  const TrialId id("0123456789ab");
  ASSERT_TRUE(try_claim(elsewhere.path(), id, 1, {this_process(), GroupName("g-1"), 1}));
  const auto folder = SweepLayout(sweep.path()).claims(id);
  std::filesystem::create_directories(folder);
  std::filesystem::create_directory_symlink(SweepLayout(elsewhere.path()).claim(id, 1),
                                            folder / "1");
  const auto claim = latest_claim(sweep.path(), id);
  ASSERT_TRUE(claim);
  EXPECT_THAT(claim->unreadable, testing::HasSubstr("leads out of the sweep"));
  EXPECT_EQ(liveness(claim->owner.process), Liveness::kUnknown);
}

TEST(Claims, attempts_count_from_one) {
  const TemporaryDirectory folder;
  EXPECT_THROW(try_claim(folder.path(), kTrial, 0, owner_here()), std::logic_error);
}

TEST(StalenessObserver, an_owner_that_died_here_is_stale_at_once) {
  StalenessObserver observer(100, [] { return 0.0; });
  EXPECT_TRUE(observer.stale(seen(dead_owner_here())));
}

TEST(StalenessObserver, an_owner_elsewhere_is_stale_when_its_counter_stands_still) {
  double now = 1000;
  StalenessObserver observer(60, [&] { return now; });
  ClaimView claim = seen(owner_elsewhere(), 1, 5);
  EXPECT_FALSE(observer.stale(claim));
  now += 59;
  EXPECT_FALSE(observer.stale(claim));
  claim.counter = 6;
  EXPECT_FALSE(observer.stale(claim));
  now += 59;
  EXPECT_FALSE(observer.stale(claim)) << "the patience starts anew with every beat";
  now += 1;
  EXPECT_TRUE(observer.stale(claim));
}

TEST(StalenessObserver, attempts_are_watched_apart) {
  double now = 0;
  StalenessObserver observer(60, [&] { return now; });
  observer.stale(seen(owner_elsewhere(), 1));
  now = 100;
  EXPECT_FALSE(observer.stale(seen(owner_elsewhere(), 2)));
  EXPECT_TRUE(observer.stale(seen(owner_elsewhere(), 1)));
}

}  // namespace
}  // namespace headway
