// What others do to the results store while a supervisor is at work: it goes on, listens, and ends
// as its trials did.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <fstream>

#include "store/sql/readable_store.h"
#include "store/sql/results_store.h"
#include "support/supervisor_fixture.h"

namespace headway {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A lock that is waited for takes SQLite's whole minute; with it, several times as long.
constexpr double kFarBelowAWait = 30;

/// Processes that bring the store of this sweep up to date.
std::vector<std::string> syncs_of(const std::filesystem::path& sweep) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::string words((std::istreambuf_iterator<char>(file)), {});
    std::replace(words.begin(), words.end(), '\0', ' ');
    if (words.find("__sync " + sweep.string()) != std::string::npos) found.push_back(words);
  }
  return found;
}

class StoreSyncTest : public SupervisorTest {
 protected:
  std::filesystem::path database() const { return sweep_ / "results.sqlite"; }

  /// Whoever has it keeps all others from the database.
  std::unique_ptr<soci::session> holder() const {
    auto sql = std::make_unique<soci::session>(soci::sqlite3, database().string());
    *sql << "BEGIN EXCLUSIVE";
    return sql;
  }

  std::int64_t done_in(soci::session& sql) const {
    long long rows = 0;
    sql << "SELECT count(*) FROM trials WHERE state = 'done'", soci::into(rows);
    return rows;
  }
  std::int64_t done_in_store() const {
    soci::session sql(soci::sqlite3, "db=" + database().string() + " readonly=1");
    return done_in(sql);
  }

  /// As the database's header says (www.sqlite.org/fileformat.html, 1.3.3); its log comes and goes.
  bool is_in_wal_mode() const {
    constexpr int kWriteVersion = 18;
    std::ifstream file(database(), std::ios::binary);
    return file.seekg(kWriteVersion).get() == 2;
  }

  SupervisorOptions limited(double seconds) const {
    SupervisorOptions with = options();
    with.timeouts.time_limit_seconds = seconds;
    return with;
  }
};

TEST_F(StoreSyncTest, leaves_one_file_that_holds_everything) {
  plan(4);
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  EXPECT_EQ(done_in_store(), 4);
  EXPECT_FALSE(std::filesystem::exists(database().string() + "-wal"));
  EXPECT_THAT(messages_.str(), Not(HasSubstr("results store")));
}

TEST_F(StoreSyncTest, a_database_that_someone_holds_makes_nobody_deaf) {
  plan(4);
  ResultsStore(sweep_).sync();
  const auto holds = holder();
  behave("train", 20000);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 2; }));
  ASSERT_TRUE(comes_true([&] { return !syncs_of(sweep_).empty(); }));
  const double start = monotonic_seconds();
  ::kill(supervisor, SIGTERM);
  EXPECT_EQ(WEXITSTATUS(wait_status(supervisor)), static_cast<int>(SupervisorEnd::kYielded));
  EXPECT_LT(monotonic_seconds() - start, kFarBelowAWait);
  EXPECT_THAT(syncs_of(sweep_), IsEmpty());
}

TEST_F(StoreSyncTest, a_database_that_someone_holds_puts_off_no_time_limit) {
  plan(2);
  ResultsStore(sweep_).sync();
  const auto holds = holder();
  behave("train", 60000);
  const double start = monotonic_seconds();
  EXPECT_EQ(run(limited(10)), SupervisorEnd::kTimeLimit);
  EXPECT_LT(monotonic_seconds() - start, kFarBelowAWait);
}

TEST_F(StoreSyncTest, a_database_that_someone_holds_hides_no_group_that_hangs) {
  plan(2);
  ResultsStore(sweep_).sync();
  const auto holds = holder();
  behave("hang", 20);
  SupervisorOptions impatient = limited(25);
  impatient.timeouts.hang_seconds = 0.5;
  run(impatient);
  EXPECT_EQ(first_attempt(state()).failure, "hung");
}

TEST_F(StoreSyncTest, a_database_that_someone_holds_to_the_end_is_brought_up_to_date_later) {
  plan(3);
  ResultsStore(sweep_).sync();
  {
    const auto holds = holder();
    const double start = monotonic_seconds();
    EXPECT_EQ(run(limited(12)), SupervisorEnd::kFinished) << "all trials are done";
    EXPECT_LT(monotonic_seconds() - start, kFarBelowAWait);
    expect_each_trial_done_once(3);
    EXPECT_THAT(messages_.str(), HasSubstr("results store not brought up to date: "));
    EXPECT_THAT(messages_.str(), HasSubstr("'headway table " + sweep_.string() + "'"));
  }
  EXPECT_EQ(done_in_store(), 0);
  open_to_read(sweep_, [](const std::string&) {});
  EXPECT_EQ(done_in_store(), 3);
}

TEST_F(StoreSyncTest, whoever_reads_holds_up_nobody) {
  plan(3);
  behave("train", 6000);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return is_in_wal_mode(); }));
  ASSERT_TRUE(comes_true([&] { return syncs_of(sweep_).empty(); }));
  soci::session reader(soci::sqlite3, database().string());
  reader << "BEGIN";
  EXPECT_EQ(done_in(reader), 0);
  const double start = monotonic_seconds();
  EXPECT_EQ(wait_status(supervisor), 0);
  EXPECT_LT(monotonic_seconds() - start, kFarBelowAWait);
  EXPECT_EQ(done_in(reader), 0) << "as when its transaction began";
  reader << "COMMIT";
  EXPECT_EQ(done_in(reader), 3);
}

TEST_F(StoreSyncTest, a_database_that_is_deleted_or_built_anew_meanwhile_ends_up_complete) {
  plan(4);
  behave("train", 2000);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kRunning) == 2; }));
  ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(database()); }));
  ResultsStore::rebuild(sweep_);
  ASSERT_TRUE(comes_true([&] { return count(TrialState::kDone) == 2; }));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(database().string() + suffix);
  }
  EXPECT_EQ(wait_status(supervisor), 0);
  EXPECT_EQ(done_in_store(), 4);
}

TEST_F(StoreSyncTest, damage_is_told_and_costs_no_trial) {
  plan(2);
  std::ofstream(database()) << std::string(8192, 'x');
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  expect_each_trial_done_once(2);
  EXPECT_THAT(messages_.str(), HasSubstr("headway fsck " + sweep_.string() + " --rebuild"));
}

TEST_F(StoreSyncTest, what_does_not_pass_by_itself_is_not_waited_for) {
  plan(2);
  std::filesystem::create_symlink("/nowhere/results.sqlite", database());
  const double start = monotonic_seconds();
  EXPECT_EQ(run(), SupervisorEnd::kFinished);
  EXPECT_LT(monotonic_seconds() - start, kFarBelowAWait);
  expect_each_trial_done_once(2);
  EXPECT_THAT(messages_.str(), HasSubstr("results store not brought up to date: "));
  EXPECT_THAT(messages_.str(), HasSubstr("a symbolic link that leads nowhere"));
}

TEST_F(StoreSyncTest, ends_with_a_supervisor_that_is_killed) {
  plan(2);
  ResultsStore(sweep_).sync();
  const auto holds = holder();
  behave("train", 20000);
  const pid_t supervisor = start_supervisor();
  ASSERT_TRUE(comes_true([&] { return !syncs_of(sweep_).empty(); }));
  ::kill(supervisor, SIGKILL);
  wait_status(supervisor);
  EXPECT_TRUE(comes_true([&] { return syncs_of(sweep_).empty(); }));
}

}  // namespace
}  // namespace headway
