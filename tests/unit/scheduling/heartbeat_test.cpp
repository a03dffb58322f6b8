#include "scheduling/claims/heartbeat.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <chrono>
#include <thread>

#include "base/file_lock.h"
#include "base/files.h"
#include "support/temporary_directory.h"
#include "support/trial_ids.h"

namespace headway {
namespace {

constexpr std::chrono::milliseconds kInterval{5};
const TrialId kTrial = id_beginning("a");

class HeartbeatTest : public testing::Test {
 protected:
  /// Looks until `condition` holds, for some seconds.
  static bool comes_true(const std::function<bool()>& condition) {
    for (int look = 0; look < 500; ++look) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  ClaimView seen() const { return latest_claim(folder_.path(), kTrial).value(); }

  TemporaryDirectory folder_;
  ClaimOwner owner_{this_process(), GroupName("g"), 1};
};

TEST_F(HeartbeatTest, beats_tell_how_far_the_work_has_come) {
  auto claim = try_claim(folder_.path(), kTrial, 1, owner_);
  Heartbeat heartbeat(*claim, {}, kInterval);
  Progress progress;
  progress.phase = "evaluating";
  progress.evaluated_batches = 7;
  heartbeat.set_progress(progress);
  EXPECT_TRUE(comes_true([&] { return seen().progress.evaluated_batches == 7; }));
  EXPECT_GT(seen().counter, 0U);
  heartbeat.set_waiting_for_disk(true);
  EXPECT_TRUE(comes_true([&] { return seen().progress.phase == kWaitingForDisk; }));
}

TEST_F(HeartbeatTest, beats_tell_of_a_lock_that_another_process_holds) {
  auto claim = try_claim(folder_.path(), kTrial, 1, owner_);
  Heartbeat heartbeat(*claim, {.phase = "loading"}, kInterval);
  const auto path = folder_.path() / "pack.lock";
  FileDescriptor held = open_file(path, O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(held.native(), LOCK_EX), 0);  // another description: as another process's
  std::thread waits([&] {
    const FileDescriptor file = open_file(path, O_RDWR);
    lock_exclusively(file.native(), path, {.in_silence = std::chrono::milliseconds(1)});
  });
  EXPECT_TRUE(comes_true([&] {
    const std::string phase = seen().progress.phase;
    return waits_for_others(phase) && phase.find(path.string()) != std::string::npos;
  }));
  held.reset();
  waits.join();
  EXPECT_TRUE(comes_true([&] { return seen().progress.phase == "loading"; }));
}

TEST_F(HeartbeatTest, a_higher_claim_is_noticed) {
  auto claim = try_claim(folder_.path(), kTrial, 1, owner_);
  Heartbeat heartbeat(*claim, {}, kInterval);
  EXPECT_FALSE(heartbeat.fenced());
  try_claim(folder_.path(), kTrial, 2, owner_);
  EXPECT_TRUE(comes_true([&] { return heartbeat.fenced(); }));
}

TEST_F(HeartbeatTest, that_the_trial_was_cancelled_is_noticed) {
  auto claim = try_claim(folder_.path(), kTrial, 1, owner_);
  Heartbeat heartbeat(*claim, {}, kInterval);
  EXPECT_FALSE(heartbeat.cancel_asked());
  ask_to_cancel(folder_.path(), kTrial, 1);
  EXPECT_TRUE(comes_true([&] { return heartbeat.cancel_asked(); }));
}

}  // namespace
}  // namespace headway
