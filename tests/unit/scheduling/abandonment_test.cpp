#include "scheduling/claims/abandonment.h"

#include <gtest/gtest.h>

#include "scheduling/claims/crash_report.h"
#include "scheduling/claims/supervisors.h"
#include "support/temporary_directory.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

const TrialId kTrial = id_beginning("a");

class AbandonmentTest : public testing::Test {
 protected:
  static ClaimView claim_of(ProcessIdentity process, const std::string& group) {
    return {kTrial, 1, {std::move(process), GroupName(group), 1}, 0, {}};
  }

  static ProcessIdentity dead_process() {
    ProcessIdentity gone = this_process();
    gone.start_ticks += 1;
    return gone;
  }

  TemporaryDirectory folder_;
  double now_ = 0;
  AbandonmentJudge judge_{folder_.path(),
                          StalenessObserver(60, [this] { return now_; }),
                          StalenessObserver(20, [this] { return now_; })};
};

TEST_F(AbandonmentTest, a_living_owner_keeps_its_claim) {
  EXPECT_FALSE(judge_.judge(claim_of(this_process(), "by-hand-0")));
}

TEST_F(AbandonmentTest, an_owner_that_died_with_its_supervisor_is_a_node_failure) {
  const auto abandoned = judge_.judge(claim_of(dead_process(), "gone-00ff-0"));
  ASSERT_TRUE(abandoned);
  EXPECT_EQ(abandoned->failure, "node_failure");
}

TEST_F(AbandonmentTest, an_owner_that_died_alone_is_its_supervisors_business) {
  GroupName group;
  {
    const SupervisorPresence supervisor(folder_.path());
    group = supervisor.group_name(0);
    EXPECT_FALSE(judge_.judge(claim_of(dead_process(), group)));
  }
  EXPECT_TRUE(judge_.judge(claim_of(dead_process(), group)));
}

TEST_F(AbandonmentTest, an_owner_elsewhere_is_given_up_after_long_silence) {
  ProcessIdentity far = this_process();
  far.machine = "another-boot/1";
  EXPECT_FALSE(judge_.judge(claim_of(far, "far-00ff-0")));
  now_ = 61;
  const auto abandoned = judge_.judge(claim_of(far, "far-00ff-0"));
  ASSERT_TRUE(abandoned);
  EXPECT_EQ(abandoned->failure, "node_failure");
}

TEST_F(AbandonmentTest, a_living_owner_whose_heart_stands_still_is_hung) {
  const SupervisorPresence supervisor(folder_.path());
  EXPECT_FALSE(judge_.judge(claim_of(this_process(), supervisor.group_name(0))));
  now_ = 59;
  EXPECT_FALSE(judge_.judge(claim_of(this_process(), supervisor.group_name(0))));
  now_ = 61;
  const auto abandoned = judge_.judge(claim_of(this_process(), supervisor.group_name(0)));
  ASSERT_TRUE(abandoned);
  EXPECT_EQ(abandoned->failure, "hung");
}

TEST_F(AbandonmentTest, what_a_rank_said_before_it_died_is_the_reason) {
  const auto file = crash_report_file(folder_.path(), kTrial, 1, 0);
  std::filesystem::create_directories(file.parent_path());
  write_crash_report(file, {0, "crash", "bad cast"});
  const auto abandoned = judge_.judge(claim_of(dead_process(), "gone-00ff-0"));
  ASSERT_TRUE(abandoned);
  EXPECT_EQ(abandoned->failure, "crash");
  EXPECT_EQ(abandoned->message, "bad cast");
}

TEST_F(AbandonmentTest, who_waits_for_room_on_the_disk_keeps_its_claim) {
  ClaimView waiting = claim_of(this_process(), "gone-00ff-0");
  waiting.progress.phase = kWaitingForDisk;
  EXPECT_FALSE(judge_.judge(waiting));
  now_ = 1000;
  EXPECT_FALSE(judge_.judge(waiting));
}

TEST_F(AbandonmentTest, a_stopped_owner_without_supervisor_is_not_waited_for_as_long) {
  ClaimView claim = claim_of(this_process(), "gone-00ff-0");
  EXPECT_FALSE(judge_.judge(claim));
  now_ = 19;
  claim.counter = 1;
  EXPECT_FALSE(judge_.judge(claim)) << "its heart beats: it is on its way out";
  now_ = 38;
  EXPECT_FALSE(judge_.judge(claim));
  now_ = 40;
  const auto abandoned = judge_.judge(claim);
  ASSERT_TRUE(abandoned);
  EXPECT_EQ(abandoned->failure, "node_failure");
}

}  // namespace
}  // namespace headway
