#include "sweep/claim_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/sweep_layout.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_writer.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// One attempt, claimed and recorded; nobody has built a store.
class ClaimCheck : public testing::Test {
 protected:
  ClaimCheck() {
    write_manifest(path(), small_sweep(1));
    claim_.emplace(*try_claim(path(), id_, 1, {this_process(), GroupName("g-1"), 1}));
    writer_.append(AttemptStarted{.trial_id = id_, .attempt = 1, .group = "g-1"}, Flush::kNow);
    tell();
  }

  const std::filesystem::path& path() const { return directory_.path(); }
  void tell() {
    claim_->beat({.epoch = 1,
                  .phase = "training",
                  .segment = writer_.path().filename().string(),
                  .segment_bytes = writer_.size()});
  }

  TemporaryDirectory directory_;
  const TrialId id_ = small_trial(0).trial_id;
  SegmentWriter writer_{path(), WriterRecord{.role = "worker", .group = "g-1"}};
  std::optional<Claim> claim_;
};

TEST_F(ClaimCheck, finds_nothing_while_the_segments_are_there) {
  EXPECT_THAT(lost_by_claims(path()), IsEmpty());
}

TEST_F(ClaimCheck, names_a_segment_that_is_gone) {
  std::filesystem::remove(writer_.path());
  const auto lost = lost_by_claims(path());
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_TRUE(lost[0].is_open());
  EXPECT_EQ(lost[0].segment, writer_.path().filename().string());
  EXPECT_EQ(lost[0].bytes, writer_.size());
  EXPECT_THAT(lost[0].text(),
              AllOf(HasSubstr("of worker group 'g-1' on host"),
                    HasSubstr("is gone, and told of trial " + id_.text())));
}

TEST_F(ClaimCheck, names_a_segment_that_was_cut_off_or_emptied) {
  for (const std::uint64_t left : {writer_.size() - 1, std::uint64_t{0}}) {
    std::filesystem::resize_file(writer_.path(), left);
    const auto lost = lost_by_claims(path());
    ASSERT_EQ(lost.size(), 1U);
    EXPECT_THAT(lost[0].text(), HasSubstr("has " + std::to_string(left) + " bytes"));
  }
}

TEST_F(ClaimCheck, names_a_segment_in_whose_place_a_link_stands) {
  const auto elsewhere = path() / "elsewhere";
  std::filesystem::rename(writer_.path(), elsewhere);
  std::filesystem::create_symlink(elsewhere, writer_.path());
  const auto lost = lost_by_claims(path());
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_THAT(lost[0].text(), HasSubstr("is no regular file any more"));
}

TEST_F(ClaimCheck, remarks_on_claims_that_say_nothing) {
  EXPECT_THAT(check_claims(path()), IsEmpty());
  claim_->beat({.phase = "training", .segment = "../../trials.jsonl", .segment_bytes = 7});
  auto problems = check_claims(path());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].finding, FsckFinding::kRemark);
  EXPECT_THAT(problems[0].message, HasSubstr("it names no segment: '../../trials.jsonl'"));
  const auto heartbeat = SweepLayout(path()).claim(id_, 1) / SweepLayout::kHeartbeat;
  std::filesystem::remove(heartbeat);
  std::filesystem::create_directory(heartbeat);
  problems = check_claims(path());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0].message,
              AllOf(HasSubstr("attempt 1 at trial " + id_.text()), HasSubstr("a directory")));
}

TEST_F(ClaimCheck, remarks_on_what_stands_in_the_place_of_claims_and_checks_the_rest) {
  const auto all = SweepLayout(path()).claims();
  std::filesystem::create_symlink("nowhere", all / small_trial(1).trial_id.text());
  ASSERT_EQ(::mkfifo((all / small_trial(2).trial_id.text()).c_str(), 0600), 0);
  claim_->beat({.phase = "training", .segment = "../x.jsonl", .segment_bytes = 7});
  std::vector<std::string> messages;
  for (const FsckProblem& one : check_claims(path())) {
    EXPECT_EQ(one.finding, FsckFinding::kRemark);
    messages.push_back(one.message);
  }
  EXPECT_THAT(
      messages,
      testing::UnorderedElementsAre(HasSubstr("cannot be used: a symbolic link that leads nowhere"),
                                    HasSubstr("cannot be used: it is no directory"),
                                    HasSubstr("it names no segment")));
  std::filesystem::remove_all(all);
  EXPECT_THAT(check_claims(path()), IsEmpty());
  std::ofstream(all) << "";
  const auto problems = check_claims(path());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].where, all.string());
  EXPECT_THAT(problems[0].message, HasSubstr("it is no directory"));
}

TEST_F(ClaimCheck, of_a_trial_that_is_done_all_the_same_nobody_need_hear) {
  std::filesystem::remove(writer_.path());
  SegmentWriter other(path(), "worker");
  other.append(AttemptFinished{.trial_id = id_, .attempt = 2, .state = "done"}, Flush::kNow);
  const auto lost = lost_by_claims(path());
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_FALSE(lost[0].is_open());
}

TEST_F(ClaimCheck, remarks_on_names_that_no_file_can_have) {
  for (const std::string& name :
       {std::string(300, 'x') + ".jsonl", std::string("x\0.jsonl", 8), std::string(".jsonl")}) {
    claim_->beat({.phase = "training", .segment = name, .segment_bytes = 7});
    EXPECT_THAT(lost_by_claims(path()), IsEmpty()) << name;
    const auto problems = check_claims(path());
    ASSERT_EQ(problems.size(), 1U) << name;
    EXPECT_THAT(problems[0].message, HasSubstr("it names no segment")) << name;
  }
}

TEST_F(ClaimCheck, looks_nowhere_but_among_the_segments) {
  claim_->beat({.phase = "training", .segment = "../trials.jsonl", .segment_bytes = 1 << 30});
  EXPECT_THAT(lost_by_claims(path()), IsEmpty());
}

}  // namespace
}  // namespace headway
