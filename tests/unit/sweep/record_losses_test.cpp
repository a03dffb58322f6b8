#include "sweep/record_losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/sweep_layout.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_manifest.h"
#include "store/segments/segment_writer.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace headway {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Two trials, each done by a group of its own; nobody has built a store.
class RecordLosses : public testing::Test {
 protected:
  RecordLosses() {
    write_manifest(path(), small_sweep(2));
    for (const int trial : {0, 1})
      segments_.push_back(train(trial, 1, "g-" + std::to_string(trial)));
  }

  const std::filesystem::path& path() const { return directory_.path(); }
  TrialId id(int trial) const { return small_trial(trial).trial_id; }
  ResultsStore synced() const {
    ResultsStore store(path());
    store.sync();
    return store;
  }
  // What a reading command hears, and one that needs no store.
  std::vector<std::string> losses() const {
    ResultsStore store = synced();
    const auto lines = record_losses(store);
    EXPECT_EQ(record_losses(path()), lines);
    return lines;
  }

  std::filesystem::path train(int trial, int attempt, const std::string& group) const {
    auto claim = try_claim(path(), id(trial), attempt, {this_process(), GroupName(group), 1});
    SegmentWriter writer(path(), WriterRecord{.role = "worker", .group = group});
    writer.append(AttemptStarted{.trial_id = id(trial), .attempt = attempt, .group = group},
                  Flush::kNow);
    writer.append(AttemptFinished{.trial_id = id(trial), .attempt = attempt, .state = "done"},
                  Flush::kNow);
    claim->beat({.phase = "training",
                 .segment = writer.path().filename().string(),
                 .segment_bytes = writer.size()});
    return writer.path();
  }

  TemporaryDirectory directory_;
  std::vector<std::filesystem::path> segments_;
};

TEST_F(RecordLosses, are_none_in_a_whole_sweep) {
  EXPECT_THAT(record_losses(path()), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(results_database(path()))) << "it was built by looking";
  EXPECT_THAT(losses(), IsEmpty());
}

TEST_F(RecordLosses, are_known_from_the_claims_when_there_is_no_store) {
  std::filesystem::remove(segments_[0]);
  const auto expected = ElementsAre(AllOf(HasSubstr(segments_[0].filename().string()),
                                          HasSubstr("of worker group 'g-0'"),
                                          HasSubstr("is gone, and told of trial " + id(0).text())));
  EXPECT_THAT(record_losses(path()), expected);
  EXPECT_THAT(losses(), expected);
  std::filesystem::remove_all(SweepLayout(path()).claims());
  EXPECT_THAT(losses(), expected) << "the store was told";
}

TEST_F(RecordLosses, are_named_when_a_link_stands_in_the_place_of_a_segment) {
  synced();
  std::filesystem::rename(segments_[0], path() / "elsewhere");
  std::filesystem::create_symlink(path() / "elsewhere", segments_[0]);
  const auto expected = ElementsAre(HasSubstr("is no regular file any more, and told of trial"));
  EXPECT_THAT(losses(), expected);
  EXPECT_THAT(losses(), expected);
  std::filesystem::remove(results_database(path()));
  EXPECT_THAT(losses(), expected);
}

TEST_F(RecordLosses, name_what_is_no_segment_and_was_never_read) {
  const auto pipe = SweepLayout(path()).segments() / "pipe.jsonl";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(losses(),
              ElementsAre("segment pipe.jsonl: found a named pipe, expected a regular file"));
}

TEST_F(RecordLosses, that_were_accepted_are_not_told_again) {
  ResultsStore store = synced();
  std::filesystem::remove(segments_[0]);
  store.sync();
  auto lost = store.lost();
  ASSERT_EQ(lost.size(), 1U);
  lost[0].is_accepted = true;
  ResultsStore::rebuild(path()).note_losses(lost);
  EXPECT_THAT(losses(), IsEmpty());
  std::filesystem::remove(segments_[1]);
  EXPECT_THAT(losses(), ElementsAre(HasSubstr("told of trial " + id(1).text())));
}

TEST_F(RecordLosses, are_made_good_by_training_again) {
  synced();
  std::filesystem::remove(segments_[0]);
  EXPECT_EQ(losses().size(), 1U);
  train(0, 2, "g-2");
  EXPECT_THAT(losses(), IsEmpty());
}

}  // namespace
}  // namespace headway
