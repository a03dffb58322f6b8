#include "store/sql/fsck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <span>
#include <thread>

#include "base/errors.h"
#include "base/sha256.h"
#include "base/weights_file.h"
#include "store/sql/results_store.h"
#include "support/scoped_variable.h"
#include "support/text_of.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Fsck : public ::testing::Test {
 protected:
  // One finished trial with its weights.
  Fsck() {
    nlohmann::json done = fixture_.done(0, 1, 0.5);
    done["weights_sha256"] = hash_tensors(weights());
    fixture_.write({fixture_.started(0, 1), done});
    write_weights(weights_file());
    ResultsStore(fixture_.path()).sync();
  }

  std::filesystem::path weights_file() const {
    return SweepLayout(fixture_.path()).weights(fixture_.id(0));
  }
  std::vector<NamedTensor> weights() const {
    return {{"linear.weight", "F32", {4}, std::as_bytes(std::span(values_))}};
  }
  void write_weights(const std::filesystem::path& file,
                     std::map<std::string, std::string> metadata = {}) {
    std::filesystem::create_directories(file.parent_path());
    metadata.insert({{kTrialIdOfWeights, fixture_.id(0)}, {kHashOfWeights, hash_}});
    write_safetensors(file, weights(), metadata);
  }
  void change_store(const std::string& statement) const {
    ResultsStore(fixture_.path()).query([&](soci::session& sql) { sql << statement; });
  }
  // The only problem's message.
  std::string problem() {
    const FsckReport report = fsck(fixture_.path());
    EXPECT_EQ(report.problems.size(), 1);
    return report.problems.empty() ? "" : report.problems[0].message;
  }

  std::vector<float> values_{1, 2, 3, 4};
  const std::string hash_ = hash_tensors(weights());
  SweepFixture fixture_;
};

TEST_F(Fsck, finds_nothing_wrong_with_a_sound_sweep) {
  const FsckReport report = fsck(fixture_.path());
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.segments, 1);
  EXPECT_EQ(report.records, 3);
  EXPECT_EQ(report.trials, 6);
  EXPECT_EQ(report.artifacts, 1);
}

TEST_F(Fsck, finds_nothing_wrong_with_requests) {
  fixture_.write({record_json(CancelRequested{fixture_.id(1), 1}), fixture_.retry(2, 1)});
  ResultsStore(fixture_.path()).sync();
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
}

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

TEST_F(Fsck, checks_the_best_weights_against_their_own_hash_and_the_records) {
  fixture_.write({fixture_.metrics(0, 1, 2, 0.25)});
  ResultsStore(fixture_.path()).sync();
  const auto best = SweepLayout(fixture_.path()).best_weights(fixture_.id(0));
  const std::map<std::string, std::string> recorded{
      {kEpochOfWeights, "2"}, {kStepOfWeights, "20"}, {kAccuracyOfWeights, "0.25"}};
  write_weights(best, recorded);
  const FsckReport report = fsck(fixture_.path());
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.artifacts, 2);
  write_weights(best);
  EXPECT_THAT(problem(), HasSubstr("these are no best weights"));
  for (const char* key : {kEpochOfWeights, kStepOfWeights, kAccuracyOfWeights}) {
    auto edited = recorded;
    edited[key] = "1";
    write_weights(best, edited);
    EXPECT_THAT(problem(), HasSubstr("the records of trial")) << key;
    EXPECT_FALSE(fsck(fixture_.path()).is_sound());
  }
  values_[0] = 7;
  write_weights(best, recorded);
  EXPECT_THAT(problem(), HasSubstr("but its own metadata says '" + hash_));
}

TEST_F(Fsck, misses_the_weights_of_a_finished_trial) {
  std::filesystem::remove(weights_file());
  EXPECT_THAT(problem(), HasSubstr("gone; put the file back, or train the trial anew"));
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
}

TEST_F(Fsck, names_links_out_of_the_sweep_and_checks_the_rest) {
  const TemporaryDirectory elsewhere;
  const auto best = SweepLayout(fixture_.path()).best_weights(fixture_.id(0));
  const auto weights = weights_file();
  std::ofstream(elsewhere.path() / "file") << "x";
  std::filesystem::remove(weights);
  for (const auto& file : {best, weights}) {
    std::filesystem::create_symlink(elsewhere.path() / "file", file);
  }
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 2);
  EXPECT_EQ(report.problems[0].where, weights.string());
  EXPECT_THAT(report.problems[0].message, testing::StartsWith("a symbolic link that leads out"));
  EXPECT_EQ(report.problems[1].where, best.string());
  EXPECT_FALSE(report.is_sound());
}

TEST_F(Fsck, names_settings_that_are_gone_and_checks_the_rest) {
  std::filesystem::remove(SweepLayout(fixture_.path()).settings_file());
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_THAT(report.problems[0].message, HasSubstr("plan.json is gone; 'headway run' with"));
  EXPECT_EQ(report.trials, 6);
  EXPECT_EQ(report.artifacts, 1);
}

TEST_F(Fsck, hashes_class_vectors_and_what_they_were_drawn_from) {
  const auto bytes = std::as_bytes(std::span(values_));
  const std::string hash = Sha256().add("a simplex").add(bytes).hex_digest();
  nlohmann::json done = fixture_.done(1, 1, 0.5);
  done["class_vectors_sha256"] = hash;
  done["weights_sha256"] = "";
  fixture_.write({fixture_.started(1, 1), done});
  ResultsStore(fixture_.path()).sync();
  const auto file =
      SweepLayout(fixture_.path()).artifacts(fixture_.id(1)) / "class_vectors.safetensors";
  std::filesystem::create_directories(file.parent_path());
  const auto write = [&](const std::string& origin, const std::vector<float>& values) {
    write_safetensors(file,
                      {{"class_vectors", "F32", {4}, std::as_bytes(std::span(values))}},
                      {{"sha256", hash}, {"drawn_from", origin}});
  };
  write("a simplex", values_);
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  write("a simplex", {1, 2, 3, 5});
  EXPECT_THAT(problem(), HasSubstr("but the record of trial " + fixture_.id(1).text() + " says"));
  write("two simplices", values_);
  EXPECT_THAT(problem(), HasSubstr("holds class vectors '"));
}

TEST_F(Fsck, compares_the_hash_that_class_vectors_of_earlier_versions_tell) {
  const auto file =
      SweepLayout(fixture_.path()).artifacts(fixture_.id(0)) / "class_vectors.safetensors";
  write_safetensors(file, weights(), {{"sha256", "dd"}});  // as done() says
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  write_safetensors(file, weights(), {{"sha256", "ee"}});
  EXPECT_THAT(problem(), HasSubstr("holds class vectors 'ee', but the record"));
}

TEST_F(Fsck, finds_what_was_edited_in_the_list_of_vanished_trials) {
  Sweep shorter = fixture_.sweep;
  shorter.trials.pop_back();
  write_manifest(fixture_.path(), shorter);
  ResultsStore(fixture_.path()).sync();
  ASSERT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  const auto list = SweepLayout(fixture_.path()).vanished_trials_file();
  std::string text = text_of(list);
  text.replace(text.find(R"("learning_rate":0.1)"), 19, R"("learning_rate":0.5)");
  std::ofstream(list) << text;
  const FsckReport report = fsck(fixture_.path());
  ASSERT_GE(report.problems.size(), 1);
  EXPECT_EQ(report.problems[0].where, list.string());
  EXPECT_THAT(report.problems[0].message, HasSubstr("does not fit its ids"));
  EXPECT_FALSE(report.is_sound());
}

TEST_F(Fsck, finds_tables_and_views_that_are_missing_or_others) {
  for (const char* statement : {"DROP TABLE results",
                                "DROP TABLE parameters",
                                "DROP VIEW cells",
                                "DROP INDEX trials_by_cell",
                                "ALTER TABLE trials ADD COLUMN more TEXT"}) {
    ResultsStore::rebuild(fixture_.path());
    change_store(statement);
    const FsckReport report = fsck(fixture_.path());
    ASSERT_GE(report.problems.size(), 1) << statement;
    EXPECT_THAT(report.problems[0].message, HasSubstr("--rebuild' builds it anew")) << statement;
    EXPECT_FALSE(report.is_sound()) << statement;
  }
  ResultsStore::rebuild(fixture_.path());
  change_store("CREATE INDEX my_own ON metrics (name)");
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
}

TEST_F(Fsck, finds_rows_of_trials_that_were_edited) {
  for (const char* change : {"seed = 17",
                             "cell_id = '0123456789ab'",
                             "config = replace(config, '0.1', '0.7')",
                             "state = 'done'"}) {
    ResultsStore::rebuild(fixture_.path());
    change_store(std::string("UPDATE trials SET ") + change + " WHERE plan_position = 2");
    EXPECT_THAT(problem(), HasSubstr("rows of table trials are not what the segments say"))
        << change;
  }
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

TEST_F(Fsck, finds_weights_that_are_not_the_recorded_ones) {
  values_[2] = 3.5;
  write_weights(weights_file());
  EXPECT_THAT(problem(), HasSubstr("but the record of trial " + fixture_.id(0).text() + " says"));
}

TEST_F(Fsck, finds_a_weights_file_that_is_cut_off) {
  std::filesystem::resize_file(weights_file(), 40);
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
  EXPECT_TRUE(fsck(fixture_.path(), {.check_artifacts = false}).is_sound());
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

TEST_F(Fsck, finds_rows_of_the_store_that_the_segments_do_not_tell) {
  ResultsStore(fixture_.path()).query([](soci::session& sql) {
    sql << "UPDATE results SET value = 0.99 WHERE name = 'top1_accuracy'";
  });
  EXPECT_THAT(problem(), HasSubstr("of table results are not what the segments say"));
  ResultsStore::rebuild(fixture_.path());
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
}

// Whoever copies a folder touches its files, and the store counts as one to be brought up to date.
TEST_F(Fsck, finds_wrong_rows_of_a_store_that_is_not_up_to_date) {
  const auto list = SweepLayout(fixture_.path()).trials_file();
  std::filesystem::last_write_time(list, std::filesystem::file_time_type::clock::now());
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
  change_store("UPDATE results SET value = 0.99 WHERE name = 'top1_accuracy'");
  EXPECT_THAT(problem(), HasSubstr("of table results are not what the segments say"));
}

TEST_F(Fsck, finds_a_configuration_that_does_not_fit_its_id) {
  const auto file = SweepLayout(fixture_.path()).trials_file();
  std::string text = text_of(file);
  const std::string place = "\"epochs\":";
  text.insert(text.find(place) + place.size(), "1");
  std::ofstream(file) << text;
  EXPECT_THROW(ResultsStore(fixture_.path()).sync(), StoreError) << "nothing of it is shown";
  EXPECT_THAT(problem(), HasSubstr("does not fit its ids"));
}

TEST_F(Fsck, finds_a_damaged_database) {
  std::ofstream(fixture_.path() / "results.sqlite") << std::string(8192, 'x');
  EXPECT_THAT(problem(), HasSubstr("headway fsck " + fixture_.path().string() + " --rebuild"));
}

TEST_F(Fsck, finds_cells_that_hold_no_json_and_names_the_way_out) {
  for (const char* change :
       {"INSERT INTO store_segments VALUES ('heads', 'x.jsonl', 10, 10, 10, 'not json')",
        R"(UPDATE store_segments SET writer = '{"role": 7}')",
        "UPDATE store_segments SET segment = '../x.jsonl'",
        "INSERT INTO store_lost_segments VALUES ('heads', 'x.jsonl', 10, '{', '[]', 0)",
        "INSERT INTO store_lost_segments VALUES ('heads', 'x.jsonl', 10, '', '[7]', 0)",
        "UPDATE store_state SET value = '{}' WHERE key = 'varying_keys'"}) {
    change_store(change);
    EXPECT_THAT(problem(), HasSubstr("headway fsck " + fixture_.path().string() + " --rebuild"))
        << change;
    EXPECT_FALSE(fsck(fixture_.path()).is_sound()) << change;
    ResultsStore::rebuild(fixture_.path());
    EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty()) << change;
  }
}

TEST_F(Fsck, finds_keys_that_do_not_vary) {
  change_store("UPDATE store_state SET value = '[\"seed\"]' WHERE key = 'varying_keys'");
  EXPECT_THAT(problem(), HasSubstr("the keys that vary are not what the plan says"));
}

TEST_F(Fsck, finds_evaluations_that_the_next_record_would_stumble_over) {
  fixture_.write({fixture_.evaluated(0, 1, hash_tensors(weights()), 0.125)});
  ResultsStore(fixture_.path()).sync();
  change_store("UPDATE evaluations SET results = 'not json'");
  fixture_.write({fixture_.retry(0, 1)});
  EXPECT_THAT(problem(), HasSubstr("evaluations.results"));
  EXPECT_FALSE(fsck(fixture_.path()).is_sound());
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

TEST_F(Fsck, a_database_that_someone_holds_is_not_damaged) {
  soci::session holder(soci::sqlite3, results_database(fixture_.path()).string());
  holder << "BEGIN EXCLUSIVE";
  const FsckReport report = fsck(fixture_.path());
  EXPECT_TRUE(report.is_sound());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_THAT(report.problems[0].message, HasSubstr("kept the results store locked"));
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

TEST_F(Fsck, needs_no_folder_for_temporary_files) {
  const ScopedVariable temporary("TMPDIR", "/nonexistent/folder");
  EXPECT_THAT(fsck(fixture_.path()).problems, IsEmpty());
}

// It is synced by the next command that reads results, not by the check.
TEST_F(Fsck, a_copy_that_was_planned_under_a_new_name_is_sound) {
  const TemporaryDirectory elsewhere;
  const auto copy = elsewhere.path() / "copy";
  std::filesystem::copy(fixture_.path(), copy, std::filesystem::copy_options::recursive);
  Sweep renamed = fixture_.sweep;
  renamed.name = SweepName("copy");
  write_manifest(copy, renamed);
  EXPECT_THAT(fsck(copy).problems, IsEmpty());
}

TEST_F(Fsck, calls_links_out_of_the_sweep_damage_wherever_they_are) {
  const TemporaryDirectory elsewhere;
  for (const char* name : {"trials.jsonl", "segments", "artifacts", "results.sqlite"}) {
    SCOPED_TRACE(name);
    const auto inside = fixture_.path() / name;
    const auto outside = elsewhere.path() / name;
    std::filesystem::rename(inside, outside);
    std::filesystem::create_symlink(outside, inside);
    const FsckReport report = fsck(fixture_.path());
    std::filesystem::remove(inside);
    std::filesystem::rename(outside, inside);
    EXPECT_FALSE(report.has(FsckFinding::kUnchecked));
    EXPECT_EQ(std::ranges::count(report.problems, inside.string(), &FsckProblem::where), 1);
    EXPECT_FALSE(report.is_sound());
  }
}

TEST_F(Fsck, that_may_not_read_a_file_says_that_it_could_not_check) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::filesystem::permissions(weights_file(), std::filesystem::perms::none);
  const FsckReport report = fsck(fixture_.path());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_EQ(report.problems[0].finding, FsckFinding::kUnchecked);
}

TEST_F(Fsck, needs_a_sweep) {
  const TemporaryDirectory directory;
  EXPECT_THROW(fsck(directory.path()), ConfigError);
}

}  // namespace
}  // namespace headway
