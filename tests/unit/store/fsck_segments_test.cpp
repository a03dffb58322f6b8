#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "support/text_of.h"
#include "unit/store/fsck_fixture.h"

namespace headway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(Fsck, names_the_place_of_a_flipped_bit) {
  const auto segment = segment_paths(fixture_.path()).front();
  std::string text = text_of(segment);
  const std::size_t record = text.find('\n') + 1;
  text[record + 30] ^= 1;
  std::ofstream(segment, std::ios::binary) << text;
  ResultsStore::rebuild(fixture_.path());
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_EQ(report.problems[0].where, segment.string() + ":" + std::to_string(record));
  EXPECT_THAT(report.problems[0].message,
              AllOf(HasSubstr("line 2: "),
                    HasSubstr("the record's checksum is wrong"),
                    HasSubstr("lost: 'attempt_started' of trial " + fixture_.id(0).text())));
  EXPECT_FALSE(report.is_sound());
}

TEST_F(Fsck, tells_what_zeroes_took) {
  const auto segment = segment_paths(fixture_.path()).front();
  std::string text = text_of(segment);
  const std::size_t record = text.find('\n') + 1;
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(record), text.end(), '\0');
  std::ofstream(segment, std::ios::binary) << text;
  ResultsStore::rebuild(fixture_.path());
  // The writer of the segment is this process: it might be about to write there.
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  std::ofstream(segment, std::ios::app) << '\n' << text.substr(0, record);
  ResultsStore::rebuild(fixture_.path());
  EXPECT_THAT(problem(), AllOf(HasSubstr("line 2: "), HasSubstr("lost: zeroes")));
}

TEST_F(Fsck, finds_a_record_that_lacks_a_key) {
  nlohmann::json evaluated = fixture_.evaluated(0, 1, "aa", 0.1);
  evaluated.erase("results");
  fixture_.write({evaluated});
  ResultsStore::rebuild(fixture_.path());
  EXPECT_THAT(problem(), HasSubstr("results"));
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, finds_a_record_of_what_is_no_trial) {
  nlohmann::json record = fixture_.started(1, 1);
  record["trial_id"] = "../../../victim";
  fixture_.write({record});
  ResultsStore::rebuild(fixture_.path());
  EXPECT_THAT(problem(), HasSubstr("'../../../victim' is no trial id"));
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, an_accepted_loss_is_a_remark) {
  ResultsStore store(fixture_.path());
  std::filesystem::remove(segment_paths(fixture_.path()).front());
  store.sync();
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
  auto lost = store.lost();
  ASSERT_EQ(lost.size(), 1);
  lost[0].is_accepted = true;
  ResultsStore::rebuild(fixture_.path()).note_losses(lost);
  EXPECT_THAT(problem(), HasSubstr("the loss was accepted"));
  EXPECT_TRUE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, names_losses_that_only_others_know_of) {
  const auto report = fsck(fixture_.path(), {.lost_besides = [this] {
                             return std::vector<LostRecords>{
                                 {.segment = "x.jsonl", .bytes = 9, .trials = {fixture_.id(1)}}};
                           }});
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_THAT(report.problems[0].message, HasSubstr("told of trial " + fixture_.id(1).text()));
  EXPECT_FALSE(report.is_sound());
}

TEST_F(Fsck, finds_an_attempt_that_was_recorded_as_done_twice) {
  fixture_.write({fixture_.done(0, 1, 0.5)});
  ResultsStore::rebuild(fixture_.path());
  const FsckReport report = fsck(fixture_.path(), {.check_artifacts = false});
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_THAT(report.problems[0].message, HasSubstr("attempt 1 is recorded as done 2 times"));
  EXPECT_FALSE(report.is_sound());
}

TEST_F(Fsck, what_a_fenced_off_attempt_recorded_too_late_is_a_remark) {
  nlohmann::json again = fixture_.done(0, 2, 0.6);
  again["weights_sha256"] = hash_;
  fixture_.write({fixture_.started(0, 2), again});
  ResultsStore::rebuild(fixture_.path());
  EXPECT_THAT(problem(), HasSubstr("attempt 1 said that it was done after attempt 2 had taken"));
  EXPECT_TRUE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, a_tail_cut_off_by_a_writer_elsewhere_is_a_remark) {
  const ProcessIdentity elsewhere{"node7", "another boot", 1, 1};
  SegmentWriter writer(fixture_.path(), WriterRecord{.role = "worker", .process = elsewhere});
  writer.append(fixture_.started(1, 1), Flush::kLater);
  std::ofstream(writer.path(), std::ios::app) << "0000";
  EXPECT_THAT(problem(), HasSubstr("its writer died in mid-record"));
  EXPECT_TRUE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, a_tail_of_a_living_writer_is_being_written) {
  SegmentWriter writer(fixture_.path(), "worker");
  writer.append(fixture_.started(1, 1), Flush::kLater);
  std::ofstream(writer.path(), std::ios::app) << "0000";
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
}

TEST_F(Fsck, a_record_that_is_being_written_elsewhere_is_no_damage) {
  const ProcessIdentity elsewhere{"node7", "another boot", 1, 1};
  SegmentWriter writer(fixture_.path(), WriterRecord{.role = "worker", .process = elsewhere});
  writer.append(fixture_.started(1, 1), Flush::kLater);
  const std::string whole = text_of(writer.path());
  writer.append(fixture_.failed(1, 1, "crash"), Flush::kLater);
  const std::string more = text_of(writer.path()).substr(whole.size());
  std::ofstream(writer.path(), std::ios::binary) << whole << more.substr(0, 20);
  std::thread slow([&] {
    for (std::size_t place = 20; place < more.size(); place += 20) {
      std::ofstream(writer.path(), std::ios::binary | std::ios::app) << more.substr(place, 20);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const FsckReport report = fsck(fixture_.path());
  slow.join();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.records, 6);
}

TEST_F(Fsck, finds_nothing_wrong_while_a_run_extends_the_sweep_and_works_on_it) {
  std::atomic<bool> is_over = false;
  std::thread run([&] {
    Sweep sweep = fixture_.sweep;
    SegmentWriter worker(fixture_.path(), "worker");
    ResultsStore store(fixture_.path());
    for (int seed = 3; !is_over; ++seed) {
      sweep.trials.push_back(make_trial({{"head", {{"name", "dot"}}}, {"seed", seed}}));
      const TrialId& id = sweep.trials.back().trial_id;
      write_manifest(fixture_.path(), sweep);
      worker.append(AttemptStarted{.trial_id = id, .attempt = 1, .group = "g"}, Flush::kLater);
      worker.append(AttemptFinished{.trial_id = id, .attempt = 1, .state = "done"}, Flush::kLater);
      store.sync();
    }
  });
  for (int look = 0; look < 20; ++look) {
    for (const FsckProblem& one : fsck(fixture_.path(), {.check_artifacts = false}).problems) {
      ADD_FAILURE() << one.where << ": " << one.message;
    }
  }
  is_over = true;
  run.join();
}

TEST_F(Fsck, names_a_segment_that_is_gone_and_what_it_told) {
  const auto segment = segment_paths(fixture_.path()).front();
  const std::string text = text_of(segment);
  const auto expect_named = [&](const std::string& how) {
    const FsckReport report = fsck(fixture_.path(), {.check_artifacts = false});
    ASSERT_GE(report.problems.size(), 1U) << how;
    EXPECT_FALSE(report.is_sound()) << how;
    EXPECT_EQ(report.problems.back().where, segment.string()) << how;
    EXPECT_THAT(report.problems.back().message,
                AllOf(HasSubstr(segment.filename().string()), HasSubstr(how)));
  };
  std::filesystem::remove(segment);
  expect_named("is gone");
  // The next reading command does not forget it.
  ResultsStore(fixture_.path()).sync();
  expect_named("is gone");
  std::ofstream(segment) << "";
  ResultsStore(fixture_.path()).sync();
  expect_named("has 0 bytes");
  std::ofstream(segment, std::ios::binary) << text;
  ResultsStore(fixture_.path()).sync();
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty()) << "it is back";
  std::filesystem::remove(segment);
  ResultsStore::rebuild(fixture_.path());
  EXPECT_TRUE(fsck(fixture_.path()).is_sound()) << "the loss is accepted";
}

TEST_F(Fsck, tells_which_trials_the_group_of_a_lost_segment_had) {
  nlohmann::json done = fixture_.done(1, 1, 0.5);
  done["weights_sha256"] = "";
  nlohmann::json started = fixture_.started(1, 1);
  started["group"] = "lost-group-1";
  {
    SegmentWriter writer(fixture_.path(), WriterRecord{.role = "worker", .group = "lost-group-1"});
    writer.append(started, Flush::kLater);
    writer.append(done, Flush::kLater);
    ResultsStore(fixture_.path()).sync();
    std::filesystem::remove(writer.path());
  }
  EXPECT_THAT(problem(),
              AllOf(HasSubstr("of worker group 'lost-group-1'"),
                    HasSubstr("told of trial " + fixture_.id(1).text())));
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
  started["group"] = "g2";
  fixture_.write({started, done});
  ResultsStore(fixture_.path()).sync();
  EXPECT_TRUE(fsck(fixture_.path()).is_sound()) << "the trial is done all the same";
}

TEST_F(Fsck, an_empty_segment_that_nobody_knows_is_a_remark) {
  std::ofstream(SweepLayout(fixture_.path()).segments() / "node7-1-0.jsonl") << "";
  ResultsStore(fixture_.path()).sync();
  EXPECT_THAT(problem(), HasSubstr("empty: "));
  EXPECT_TRUE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, names_what_is_no_segment_and_checks_the_rest) {
  const auto pipe = SweepLayout(fixture_.path()).segments() / "pipe.jsonl";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_EQ(report.problems[0].where, pipe.string());
  EXPECT_THAT(report.problems[0].message, HasSubstr("found a named pipe"));
  EXPECT_FALSE(report.is_sound());
  EXPECT_EQ(report.records, 3);
}

// Larger than what any program would read whole.
TEST_F(Fsck, tells_of_damage_in_a_segment_of_many_gigabytes) {
  const auto segment = segment_paths(fixture_.path()).front();
  const std::string text = text_of(segment);
  std::filesystem::resize_file(segment, std::uintmax_t{5} << 30);
  std::ofstream(segment, std::ios::app) << '\n' << text;
  ResultsStore::rebuild(fixture_.path());
  const FsckReport report = fsck(fixture_.path(), {.check_artifacts = false});
  ASSERT_GE(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].where, segment.string() + ":" + std::to_string(text.size()));
  EXPECT_THAT(report.problems[0].message, AllOf(HasSubstr("line 4: "), HasSubstr("lost: zeroes")));
}

}  // namespace
}  // namespace headway
