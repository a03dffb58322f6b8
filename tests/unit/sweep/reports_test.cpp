#include "sweep/reports.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/limits.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/record_framing.h"
#include "store/segments/record_json.h"
#include "store/segments/segment_reader.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

class Reports : public testing::Test {
 protected:
  Reports() {
    write_manifest(path(), small_sweep(1));
    request_cancel(command_, small_trial(1).trial_id, {});  // the segment is there
  }

  const std::filesystem::path& path() const { return directory_.path(); }
  const TrialHistory& now() {
    state_.refresh();
    return state_.trial(id_);
  }
  void end(int attempt, const std::string& state, const std::string& failure) {
    worker_.append(
        AttemptFinished{.trial_id = id_, .attempt = attempt, .state = state, .failure = failure},
        Flush::kNow);
  }

  TemporaryDirectory directory_;
  const TrialId id_ = small_trial(0).trial_id;
  SegmentWriter worker_{path(), "worker"};
  SegmentWriter command_{path(), "command"};
  SweepState state_{path()};
};

TEST_F(Reports, cancel_and_retry_take_each_other_back) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(cancel_with_effect(command_, id_, state_));
    EXPECT_EQ(trial_status(now()), TrialStatus::kCancelled);
    EXPECT_TRUE(retry_with_effect(command_, path(), id_, state_));
    EXPECT_EQ(trial_status(now()), TrialStatus::kOpen);
  }
}

// A host whose clock is ahead: its requests have times that never come here.
TEST_F(Reports, no_clock_keeps_a_request_from_having_effect) {
  for (const char* at : {"1970-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"}) {
    nlohmann::json cancel = record_json(CancelRequested{id_, now().next_request()});
    cancel["at"] = at;
    std::ofstream(command_.path(), std::ios::app) << frame_record(cancel.dump());
    EXPECT_EQ(trial_status(now()), TrialStatus::kCancelled) << at;
    EXPECT_TRUE(retry_with_effect(command_, path(), id_, state_)) << at;
    EXPECT_EQ(trial_status(now()), TrialStatus::kOpen) << at;
  }
}

// Someone asks between the look at the records and the request.
TEST_F(Reports, a_request_that_was_overruled_meanwhile_is_made_again) {
  state_.refresh();
  TrialHistory others;
  others.retry.number = 7;
  request_retry(command_, id_, others, 0);
  EXPECT_TRUE(cancel_with_effect(command_, id_, state_));
  EXPECT_EQ(trial_status(now()), TrialStatus::kCancelled);
  others.cancel.number = 20;
  request_cancel(command_, id_, others);
  EXPECT_TRUE(retry_with_effect(command_, path(), id_, state_));
  EXPECT_EQ(trial_status(now()), TrialStatus::kOpen);
}

TEST_F(Reports, after_the_last_number_a_request_has_one_that_is_read) {
  worker_.append(RetryRequested{.trial_id = id_, .number = kMostAttempts, .through_attempt = 0},
                 Flush::kNow);
  EXPECT_EQ(now().next_request(), kMostAttempts);
  EXPECT_TRUE(cancel_with_effect(command_, id_, state_));
  EXPECT_EQ(trial_status(now()), TrialStatus::kCancelled);
  SegmentReader reader(path());
  reader.poll([](const SegmentRecord& record) { check_record(record.json, RecordKinds{}); });
  EXPECT_TRUE(reader.damage().empty());
}

TEST_F(Reports, a_trial_that_is_done_by_now_is_told_as_such) {
  end(1, "done", "");
  state_.refresh();
  EXPECT_FALSE(cancel_with_effect(command_, id_, state_));
  EXPECT_FALSE(retry_with_effect(command_, path(), id_, state_));
  EXPECT_EQ(now().state(), TrialState::kDone);
}

// The attempt has a claim and no record yet; that it ends as cancelled is known later.
TEST_F(Reports, a_retry_counts_for_an_attempt_that_has_only_a_claim) {
  ASSERT_TRUE(try_claim(path(), id_, 1, {this_process(), GroupName("g-1"), 1}));
  EXPECT_TRUE(cancel_with_effect(command_, id_, state_));
  EXPECT_TRUE(retry_with_effect(command_, path(), id_, state_));
  end(1, "cancelled", "");
  EXPECT_EQ(trial_status(now()), TrialStatus::kOpen);
}

}  // namespace
}  // namespace headway
