#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "base/errors.h"
#include "store/sql/queries.h"
#include "store/sql/results_store.h"
#include "support/temporary_directory.h"
#include "unit/store/store_contents.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ResultsStore, a_damaged_database_is_refused_with_the_way_out) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  std::ofstream(fixture.path() / "results.sqlite") << std::string(8192, 'x');
  try {
    ResultsStore(fixture.path()).sync();
    FAIL() << "a damaged database was read";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr("headway fsck " + fixture.path().string() + " --rebuild"));
    EXPECT_THAT(error.what(), HasSubstr("results.sqlite"));
  }
  const ResultsStore store = ResultsStore::rebuild(fixture.path());
  EXPECT_EQ(trial_details(store, fixture.id(0)).trial.state, "done");
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
}

TEST(ResultsStore, a_cell_that_holds_no_json_is_damage_of_the_database) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  ResultsStore store(fixture.path());
  store.sync();
  store.query([](soci::session& sql) { sql << "UPDATE store_segments SET writer = 'not json'"; });
  try {
    store.sync();
    FAIL() << "a damaged database was read";
  } catch (const DatabaseError& error) {
    EXPECT_EQ(error.kind(), SqlErrorKind::kDamaged);
    EXPECT_THAT(error.what(), HasSubstr("headway fsck " + fixture.path().string() + " --rebuild"));
    EXPECT_THAT(error.what(), HasSubstr("store_segments.writer"));
  }
  EXPECT_THROW(store.lost(), DatabaseError);
  EXPECT_THROW(store.is_current(), DatabaseError);
  EXPECT_THAT(differences_from_rebuilt(fixture, ResultsStore::rebuild(fixture.path())), IsEmpty());
}

/// What else SQLite keeps beside the database.
std::vector<std::string> files_beside(const std::filesystem::path& database) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(database.parent_path())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("results.sqlite") && entry.path() != database) names.push_back(name);
  }
  return names;
}

std::int64_t done_in(soci::session& sql) {
  long long rows = 0;
  sql << "SELECT count(*) FROM trials WHERE state = 'done'", soci::into(rows);
  return rows;
}

/// Of a copy of the one file, which can be read where nothing can be written.
std::int64_t done_in_copy(const std::filesystem::path& database) {
  const TemporaryDirectory elsewhere;
  const auto copy = elsewhere.path() / "copy.sqlite";
  std::filesystem::copy_file(database, copy);
  soci::session sql(soci::sqlite3, "db=" + copy.string() + " readonly=1");
  return done_in(sql);
}

TEST(ResultsStore, is_written_while_someone_reads) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  store.serve_readers();
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  store.sync();
  soci::session reader(soci::sqlite3, results_database(fixture.path()).string());
  reader << "BEGIN";
  EXPECT_EQ(done_in(reader), 1);
  fixture.write({fixture.started(1, 1), fixture.done(1, 1, 0.5)});
  store.sync();
  EXPECT_TRUE(store.is_current());
  EXPECT_EQ(done_in(reader), 1) << "its transaction sees what it began with";
  reader << "COMMIT";
  EXPECT_EQ(done_in(reader), 2);
}

TEST(ResultsStore, is_one_file_once_nobody_writes_any_more) {
  const SweepFixture fixture;
  const auto database = results_database(fixture.path());
  ResultsStore store(fixture.path());
  store.serve_readers();
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  store.sync();
  EXPECT_FALSE(files_beside(database).empty());
  {
    soci::session reader(soci::sqlite3, database.string());
    EXPECT_EQ(done_in(reader), 1);
    store.settle();
    EXPECT_EQ(std::filesystem::file_size(database.string() + "-wal"), 0);
  }
  store.settle();
  EXPECT_THAT(files_beside(database), IsEmpty());
  EXPECT_EQ(done_in_copy(database), 1);
}

TEST(ResultsStore, of_a_writer_that_was_killed_is_whole) {
  const SweepFixture fixture;
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  const pid_t writer = ::fork();
  if (writer == 0) {
    ResultsStore store(fixture.path());
    store.serve_readers();
    store.sync();
    ::raise(SIGKILL);
  }
  ::waitpid(writer, nullptr, 0);
  const auto database = results_database(fixture.path());
  EXPECT_TRUE(std::filesystem::exists(database.string() + "-wal"));
  ResultsStore store(fixture.path());
  EXPECT_TRUE(store.is_current());
  store.settle();
  EXPECT_THAT(files_beside(database), IsEmpty());
  EXPECT_EQ(done_in_copy(database), 1);
}

TEST(ResultsStore, says_when_a_reader_holds_back_the_newest_rows) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  store.serve_readers();
  store.sync();
  EXPECT_TRUE(store.settle());
  store.serve_readers();
  soci::session reader(soci::sqlite3, (fixture.path() / "results.sqlite").string());
  int rows = 0;
  reader << "BEGIN";
  reader << "SELECT count(*) FROM trials", soci::into(rows);
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  store.sync();
  EXPECT_FALSE(store.settle());
  reader << "COMMIT";
  reader.close();
  EXPECT_TRUE(store.settle());
}

TEST(ResultsStore, refuses_a_pipe_in_the_place_of_a_file_of_sqlite) {
  const SweepFixture fixture;
  ResultsStore(fixture.path()).sync();
  for (const char* name : {"results.sqlite-journal", "results.sqlite-wal", "results.sqlite-shm"}) {
    const auto pipe = fixture.path() / name;
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    try {
      ResultsStore(fixture.path()).sync();
      ADD_FAILURE() << "opened beside " << pipe;
    } catch (const DatabaseError& error) {
      EXPECT_THAT(error.what(), HasSubstr(pipe.string() + ": found a named pipe"));
    }
    std::filesystem::remove(pipe);
  }
}

TEST(ResultsStore, goes_on_in_a_new_database_when_the_old_one_was_deleted) {
  const SweepFixture fixture;
  ResultsStore store(fixture.path());
  store.sync();
  std::filesystem::remove(results_database(fixture.path()));
  fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
  store.sync();
  EXPECT_EQ(done_in_copy(results_database(fixture.path())), 1);
}

TEST(ResultsStore, is_built_anew_under_those_who_have_it_open) {
  for (const bool serves_readers : {false, true}) {
    const SweepFixture fixture;
    ResultsStore store(fixture.path());
    if (serves_readers) store.serve_readers();
    fixture.write({fixture.started(0, 1), fixture.done(0, 1, 0.5)});
    store.sync();
    store.query([](soci::session& sql) { sql << "DELETE FROM trials"; });
    ResultsStore::rebuild(fixture.path());
    store.query([](soci::session& sql) { EXPECT_EQ(done_in(sql), 1); });
    fixture.write({fixture.started(1, 1), fixture.done(1, 1, 0.5)});
    store.sync();
    EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
    store.settle();
    EXPECT_EQ(done_in_copy(results_database(fixture.path())), 2);
  }
}

TEST(ResultsStore, a_folder_without_a_sweep_gets_no_database) {
  const TemporaryDirectory directory;
  EXPECT_THROW(ResultsStore{directory.path()}, ConfigError);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(ResultsStore, several_processes_may_sync_at_once) {
  const SweepFixture fixture;
  for (std::size_t trial = 0; trial < 6; ++trial) {
    fixture.write({fixture.started(trial, 1), fixture.done(trial, 1, 0.5)});
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { ResultsStore(fixture.path()).sync(); });
  }
  for (std::thread& thread : threads) thread.join();
  ResultsStore store(fixture.path());
  EXPECT_TRUE(store.is_current());
  EXPECT_THAT(differences_from_rebuilt(fixture, store), IsEmpty());
  EXPECT_EQ(count(store, "trials WHERE state = 'done'"), 6);
}

}  // namespace
}  // namespace headway
