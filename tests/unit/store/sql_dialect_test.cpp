#include "store/sql/dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <sstream>

#include "base/errors.h"
#include "store/sql/queries.h"
#include "store/sql/rows.h"
#include "store/sql/sqlite_dialect.h"
#include "store/sql/store_schema.h"
#include "support/temporary_directory.h"
#include "unit/store/sweep_fixture.h"

namespace headway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Another dialect: it keeps the version of the schema in a table, knows none of SQLite's own words
// and writes down every statement. Its database is forgotten with the last connection.
class RecordingDialect final : public SqlDialect {
 public:
  std::string place() const override { return "nowhere"; }
  bool holds_many_sweeps() const override { return false; }
  std::unique_ptr<soci::session> open() override {
    auto session = std::make_unique<soci::session>(soci::sqlite3, ":memory:");
    session->set_log_stream(&log_);
    *session << "CREATE TABLE schema_versions (version INTEGER NOT NULL)";
    return session;
  }
  std::string create_table(const SqlTable& table) const override {
    return plain_create_table(table, {"VARCHAR(4000)", "BIGINT", "DOUBLE PRECISION"});
  }
  std::string upsert(const SqlTable& table) const override { return upsert_on_conflict(table); }
  void begin_exclusive(soci::session& sql) const override { sql << "BEGIN"; }
  int schema_version(soci::session& sql) const override {
    int version = 0;
    sql << "SELECT coalesce(max(version), 0) FROM schema_versions", soci::into(version);
    return version;
  }
  void set_schema_version(soci::session& sql, int version) const override {
    sql << "DELETE FROM schema_versions";
    sql << "INSERT INTO schema_versions (version) VALUES (:version)", soci::use(version);
  }
  void rebuild(const std::function<void(std::shared_ptr<SqlDialect>)>& fill) override {
    fill(std::make_shared<RecordingDialect>());
  }
  SqlErrorKind error_kind(const soci::soci_error&) const override { return kind; }

  std::string statements() const { return log_.str(); }

  SqlErrorKind kind = SqlErrorKind::kOther;

 private:
  std::ostringstream log_;
};

class AnotherDialect : public ::testing::Test {
 protected:
  AnotherDialect() {
    fixture_.write({fixture_.started(0, 1),
                    fixture_.metrics(0, 1, 1, 0.5),
                    fixture_.done(0, 1, 0.75),
                    fixture_.evaluated(0, 1, "aa", 0.125)});
  }

  SweepFixture fixture_;
  std::shared_ptr<RecordingDialect> dialect_ = std::make_shared<RecordingDialect>();
};

TEST_F(AnotherDialect, holds_the_same_rows) {
  ResultsStore store(fixture_.path(), dialect_);
  store.sync();
  ResultsStore usual(fixture_.path());
  usual.sync();
  const TrialDetails details = trial_details(store, fixture_.id(0));
  const TrialDetails expected = trial_details(usual, fixture_.id(0));
  EXPECT_EQ(details.trial, expected.trial);
  EXPECT_EQ(details.attempts, expected.attempts);
  ASSERT_EQ(details.results.size(), expected.results.size());
  for (std::size_t i = 0; i < details.results.size(); ++i) {
    EXPECT_EQ(details.results[i].label(), expected.results[i].label());
    EXPECT_EQ(details.results[i].value, expected.results[i].value);
  }
  EXPECT_TRUE(store.is_current());
  EXPECT_EQ(store.place(), "nowhere");
}

TEST_F(AnotherDialect, is_never_told_a_word_that_only_sqlite_knows) {
  ResultsStore store(fixture_.path(), dialect_);
  store.sync();
  fixture_.write({fixture_.started(1, 1), fixture_.failed(1, 1, "crash")});
  store.sync();
  trial_metrics(store, fixture_.id(0));
  const std::string statements = dialect_->statements();
  EXPECT_THAT(statements, HasSubstr("ON CONFLICT (sweep, trial_id) DO UPDATE SET"));
  for (const char* word :
       {"PRAGMA", "ROWID", "user_version", "OR REPLACE", "GLOB", "IMMEDIATE", "IF NOT EXISTS"}) {
    EXPECT_THAT(statements, Not(HasSubstr(word)));
  }
}

TEST_F(AnotherDialect, errors_are_told_as_it_classes_them) {
  ResultsStore store(fixture_.path(), dialect_);
  const auto fail = [&store] {
    store.query([](soci::session& sql) { sql << "SELECT nothing FROM nowhere"; });
  };
  const auto message = [&fail]() -> std::string {
    try {
      fail();
    } catch (const StoreError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message(), HasSubstr("nowhere: "));
  dialect_->kind = SqlErrorKind::kLocked;
  EXPECT_THAT(message(), HasSubstr("kept the results store locked"));
  dialect_->kind = SqlErrorKind::kDamaged;
  EXPECT_THAT(message(), HasSubstr("headway fsck " + fixture_.path().string() + " --rebuild"));
  dialect_->kind = SqlErrorKind::kDiskFull;
  EXPECT_THROW(fail(), EnvironmentError);
}

TEST(SqlTables, are_described_by_their_rows) {
  const SqlTable table = sql_table<OfTrial<ResultRow>>();
  EXPECT_EQ(
      plain_create_table(table, {"TEXT", "INTEGER", "REAL"}),
      "CREATE TABLE results (trial_id TEXT NOT NULL, split TEXT NOT NULL, name TEXT NOT NULL, "
      "value REAL, missing_reason TEXT, evaluation TEXT NOT NULL, sweep TEXT NOT NULL, "
      "PRIMARY KEY (sweep, trial_id, evaluation, split, name))");
  EXPECT_EQ(upsert_on_conflict(table),
            "INSERT INTO results (trial_id, split, name, value, missing_reason, evaluation, sweep) "
            "VALUES (:trial_id, :split, :name, :value, :missing_reason, :evaluation, :sweep) "
            "ON CONFLICT (sweep, trial_id, evaluation, split, name) DO UPDATE SET "
            "value = excluded.value, missing_reason = excluded.missing_reason");
}

TEST(SqlTables, every_key_begins_with_the_sweep_and_consists_of_columns) {
  for (const auto& tables : {PublicRows::tables(), InternalRows::tables()}) {
    for (const SqlTable& table : tables) {
      EXPECT_EQ(table.key.at(0), "sweep") << table.name;
      for (const std::string& key : table.key) {
        EXPECT_TRUE(std::any_of(table.columns.begin(),
                                table.columns.end(),
                                [&](const SqlColumn& column) { return column.name == key; }))
            << table.name << '.' << key;
      }
    }
  }
}

TEST(SqliteDialect, empties_a_database_of_an_older_schema_and_refuses_a_newer_one) {
  const SweepFixture fixture;
  const auto file = fixture.path() / "results.sqlite";
  {
    soci::session sql(soci::sqlite3, file.string());
    sql << "CREATE TABLE results (trial_id TEXT, split TEXT, name TEXT, value REAL)";
    sql << "INSERT INTO results VALUES ('t', 'test', 'loss', 1)";
    sql << "PRAGMA user_version = 1";
  }
  ResultsStore(fixture.path()).sync();
  SqliteDialect dialect(file);
  const auto sql = dialect.open();
  EXPECT_EQ(dialect.schema_version(*sql), kSchemaVersion);
  int rows = -1;
  *sql << "SELECT count(*) FROM results", soci::into(rows);
  EXPECT_EQ(rows, 0);
  dialect.set_schema_version(*sql, kSchemaVersion + 1);
  EXPECT_THROW(ResultsStore(fixture.path()), StoreError);
}

TEST(SqliteDialect, keeps_the_old_contents_when_a_rebuild_fails) {
  const TemporaryDirectory folder;
  SqliteDialect dialect(folder.path() / "some.sqlite");
  *dialect.open() << "CREATE TABLE old (one INTEGER)";
  EXPECT_THROW(dialect.rebuild([](std::shared_ptr<SqlDialect> fresh) {
    fresh->open();
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  *dialect.open() << "SELECT one FROM old";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SqliteDialect, a_quote_in_a_path_leads_nowhere_else) {
  const TemporaryDirectory folder;
  const auto place = folder.path() / "say \"a b\" and = c";
  std::filesystem::create_directory(place);
  {
    const auto sql = SqliteDialect(place / "results.sqlite").open();
    *sql << "CREATE TABLE rows (number INTEGER)";
    *sql << "INSERT INTO rows VALUES (7)";
    EXPECT_TRUE(std::filesystem::exists(place / "results.sqlite"));
  }
  const auto again = SqliteDialect(place / "results.sqlite").open();
  int number = 0;
  *again << "SELECT number FROM rows", soci::into(number);
  EXPECT_EQ(number, 7);
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path(), place);
    ++entries;
  }
  EXPECT_EQ(entries, 1U);
}

}  // namespace
}  // namespace headway
