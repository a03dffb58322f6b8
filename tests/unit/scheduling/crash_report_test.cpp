#include "scheduling/claims/crash_report.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "support/temporary_directory.h"

namespace headway {
namespace {

const TrialId kTrial("0123456789ab");

class CrashReportTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(file(0).parent_path()); }
  std::filesystem::path file(int rank) const {
    return crash_report_file(folder_.path(), kTrial, 2, rank);
  }
  std::optional<CrashReport> first() const { return first_crash_report(folder_.path(), kTrial, 2); }
  TemporaryDirectory folder_;
};

TEST_F(CrashReportTest, who_left_none_said_nothing) {
  EXPECT_FALSE(first());
  EXPECT_FALSE(first_crash_report(folder_.path(), TrialId("ba9876543210"), 1));
}

TEST_F(CrashReportTest, they_come_back_as_they_were_left) {
  write_crash_report(file(3), {3, "oom", "out of memory\nin two lines"});
  ASSERT_TRUE(first());
  EXPECT_EQ(first()->rank, 3);
  EXPECT_EQ(first()->failure, "oom");
  EXPECT_EQ(first()->message, "out of memory\nin two lines");
}

// Of files that different hosts dated.
TEST_F(CrashReportTest, no_clock_makes_a_peers_absence_the_cause) {
  write_crash_report(file(0), {0, "crash", "MPI_Allreduce failed: MPI_ERR_OTHER"});
  write_crash_report(file(1), {1, "crash", "ncclAllReduce failed: remote process exited"});
  EXPECT_EQ(first()->rank, 0) << "nobody says more";
  write_crash_report(file(10), {10, "crash", "bad cast"});
  write_crash_report(file(3), {3, "oom", "out of memory"});
  const auto now = std::filesystem::last_write_time(file(3));
  for (const int rank : {0, 1, 3, 10}) {
    std::filesystem::last_write_time(file(rank), now - std::chrono::hours(1));
    EXPECT_EQ(first()->message, "out of memory") << "the lowest rank that blames no other";
    std::filesystem::last_write_time(file(rank), now + std::chrono::hours(1));
    EXPECT_EQ(first()->message, "out of memory");
  }
}

TEST_F(CrashReportTest, the_first_words_of_a_rank_stand) {
  write_crash_report(file(0), {0, "crash", "cause"});
  write_crash_report(file(0), {0, "crash", "consequence"});
  EXPECT_EQ(first()->message, "cause");
}

TEST_F(CrashReportTest, words_that_were_cut_off_are_passed_over) {
  std::ofstream(file(0)) << "cra";
  EXPECT_FALSE(first());
}

TEST_F(CrashReportTest, a_folder_that_is_gone_is_no_error) {
  std::filesystem::remove_all(folder_.path() / "claims");
  write_crash_report(file(0), {0, "crash", "nobody hears"});
  EXPECT_FALSE(first());
}

TEST_F(CrashReportTest, the_rank_is_named_when_there_are_several) {
  EXPECT_EQ(to_text({1, "crash", "bad cast"}, 2), "rank 1: bad cast");
  EXPECT_EQ(to_text({0, "crash", "bad cast"}, 1), "bad cast");
}

}  // namespace
}  // namespace headway
