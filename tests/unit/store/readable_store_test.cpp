// Results that this user cannot write, or whose database someone else holds.
#include "store/sql/readable_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "store/sql/queries.h"
#include "unit/store/store_contents.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ReadableStore : public ::testing::Test {
 protected:
  ReadableStore() {
    ::setenv("HEADWAY_CACHE", (folder_.path() / "cache").c_str(), 1);
    fixture_.write({fixture_.started(0, 1), fixture_.done(0, 1, 0.5)});
  }
  ~ReadableStore() override { ::unsetenv("HEADWAY_CACHE"); }

  ResultsStore open() {
    return open_to_read(fixture_.path(), [this](const std::string& text) { note_ += text; });
  }
  std::filesystem::path database() const { return results_database(fixture_.path()); }
  std::filesystem::path cached() const { return folder_.path() / "cache" / "stores"; }

  /// Runs `check` as a user who may read everything and write nothing of the sweep; root may write
  /// whatever the bits say, so it becomes another one.
  void as_reader(const std::function<void()>& check) {
    for (const auto& path : {folder_.path(), fixture_.path()}) ::chmod(path.c_str(), 0555);
    const pid_t reader = ::fork();
    if (reader == 0) {
      if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(2);
      check();
      std::cout.flush();
      ::_exit(HasFailure() ? 1 : 0);
    }
    int status = -1;
    ::waitpid(reader, &status, 0);
    for (const auto& path : {folder_.path(), fixture_.path()}) ::chmod(path.c_str(), 0755);
    EXPECT_EQ(status, 0);
  }

  static constexpr uid_t kNobody = 65534;

  TemporaryDirectory folder_;
  SweepFixture fixture_;
  std::string note_;
};

TEST_F(ReadableStore, is_the_sweep_s_own_where_that_can_be_written) {
  const ResultsStore store = open();
  EXPECT_EQ(store.place(), database().string());
  EXPECT_EQ(note_, "");
  EXPECT_FALSE(std::filesystem::exists(cached()));
}

TEST_F(ReadableStore, is_the_sweep_s_own_where_that_is_up_to_date) {
  ResultsStore(fixture_.path()).sync();
  as_reader([this] {
    const ResultsStore store = open();
    EXPECT_EQ(store.place(), database().string());
    EXPECT_EQ(note_, "");
    EXPECT_EQ(trial_details(store, fixture_.id(0)).trial.state, "done");
  });
}

TEST_F(ReadableStore, is_in_the_cache_where_there_is_none_and_none_can_be_made) {
  std::filesystem::create_directories(cached());
  ::chmod(cached().c_str(), 0700);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(cached().c_str(), kNobody, kNobody), 0);
  }
  as_reader([this] {
    const ResultsStore store = open();
    EXPECT_THAT(store.place(), StartsWith(cached().string()));
    EXPECT_THAT(note_, HasSubstr(database().string()));
    EXPECT_THAT(note_, HasSubstr("read into '" + cached().string()));
    EXPECT_EQ(trial_details(store, fixture_.id(0)).trial.state, "done");
  });
  EXPECT_FALSE(std::filesystem::exists(database()));
}

TEST_F(ReadableStore, is_in_memory_where_nothing_can_be_written) {
  ResultsStore(fixture_.path()).sync();
  fixture_.write({fixture_.started(1, 1), fixture_.done(1, 1, 0.5)});
  as_reader([this] {
    const ResultsStore store = open();
    EXPECT_EQ(store.place(), ":memory:");
    EXPECT_THAT(note_, HasSubstr("cannot be written"));
    EXPECT_EQ(trial_details(store, fixture_.id(1)).trial.state, "done");
  });
}

TEST_F(ReadableStore, of_a_killed_run_is_read_where_nothing_can_be_written) {
  const pid_t run = ::fork();
  if (run == 0) {
    ResultsStore store(fixture_.path());
    store.serve_readers();
    store.sync();
    ::raise(SIGKILL);
  }
  ::waitpid(run, nullptr, 0);
  as_reader([this] { EXPECT_EQ(trial_details(open(), fixture_.id(0)).trial.state, "done"); });
}

TEST_F(ReadableStore, does_not_use_a_cache_that_others_may_write_to) {
  std::filesystem::create_directories(cached());
  ::chmod(cached().c_str(), 0777);
  as_reader([this] { EXPECT_EQ(open().place(), ":memory:"); });
}

TEST_F(ReadableStore, does_not_wait_long_for_whoever_holds_the_database) {
  ResultsStore(fixture_.path()).sync();
  fixture_.write({fixture_.started(1, 1), fixture_.done(1, 1, 0.5)});
  soci::session holder(soci::sqlite3, database().string());
  holder << "BEGIN EXCLUSIVE";
  const ResultsStore store = open();
  EXPECT_THAT(store.place(), StartsWith(cached().string()));
  EXPECT_THAT(note_, HasSubstr("kept the results store locked"));
  EXPECT_EQ(trial_details(store, fixture_.id(1)).trial.state, "done");
}

TEST_F(ReadableStore, tells_of_a_damaged_one_that_can_be_built_anew) {
  std::ofstream(database()) << std::string(8192, 'x');
  EXPECT_THROW(open(), DatabaseError);
  as_reader([this] {
    ::unsetenv("HEADWAY_CACHE");
    ::setenv("HOME", "/nonexistent", 1);
    EXPECT_EQ(trial_details(open(), fixture_.id(0)).trial.state, "done");
  });
}

}  // namespace
}  // namespace headway
