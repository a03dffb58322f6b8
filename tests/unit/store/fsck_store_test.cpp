#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <fstream>

#include "support/scoped_variable.h"
#include "support/temporary_directory.h"
#include "unit/store/fsck_fixture.h"

namespace headway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST_F(Fsck, a_database_that_someone_holds_is_not_damaged) {
  soci::session holder(soci::sqlite3, results_database(fixture_.path()).string());
  holder << "BEGIN EXCLUSIVE";
  const FsckReport report = fsck(fixture_.path());
  EXPECT_TRUE(report.is_sound());
  ASSERT_EQ(report.problems.size(), 1);
  EXPECT_THAT(report.problems[0].message, HasSubstr("kept the results store locked"));
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

}  // namespace
}  // namespace headway
