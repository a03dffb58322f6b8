#include "store/sql/results_store.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>

#include "base/errors.h"
#include "base/files.h"
#include "base/sweep_layout.h"
#include "store/manifest/sweep_manifest.h"
#include "store/sql/damaged_row.h"
#include "store/sql/manifest_sync.h"
#include "store/sql/segment_sync.h"
#include "store/sql/sql_record.h"
#include "store/sql/sqlite_dialect.h"
#include "store/sql/store_schema.h"

namespace headway {
namespace {

std::string describe_error(SqlErrorKind kind,
                           const std::string& what,
                           const std::string& place,
                           const std::filesystem::path& sweep_directory) {
  switch (kind) {
    case SqlErrorKind::kDamaged:
      return fmt::format(
          "{}: the results store is damaged ({}); 'headway fsck {} --rebuild' builds it anew from "
          "the segments, nothing is lost",
          place,
          what,
          sweep_directory.string());
    case SqlErrorKind::kLocked:
      return fmt::format("{}: another process has kept the results store locked", place);
    case SqlErrorKind::kUnwritable:
      return fmt::format("{}: the results store cannot be written ({})", place, what);
    case SqlErrorKind::kDiskFull:
      return fmt::format("{}: the disk is full", place);
    case SqlErrorKind::kInputOutput:
    case SqlErrorKind::kOther:
      break;
  }
  return fmt::format("{}: {}", place, what);
}

// Without the names of SOCI's functions and the statement that was at work.
std::string without_internals(std::string what) {
  constexpr std::string_view kConnecting = "Cannot establish connection to the database. ";
  if (what.starts_with(kConnecting)) what.erase(0, kConnecting.size());
  const std::size_t colon = what.find(": ");
  if (what.starts_with("sqlite3_") && colon != std::string::npos) what.erase(0, colon + 2);
  return what.substr(0, what.find(" while "));
}

[[noreturn]] void throw_store_error(const soci::soci_error& error,
                                    const SqlDialect& dialect,
                                    const std::filesystem::path& sweep_directory) {
  const std::string what = error.what();
  SqlErrorKind kind = dialect.error_kind(error);
  const bool lacks_something = what.find("no such") != std::string::npos;  // table or column
  if (kind == SqlErrorKind::kOther && lacks_something) kind = SqlErrorKind::kDamaged;
  const std::string message =
      describe_error(kind, without_internals(what), dialect.place(), sweep_directory);
  if (kind == SqlErrorKind::kDiskFull) throw DiskFullError(message);
  throw DatabaseError(kind, message);
}

// Rolled back unless committed.
class WriteTransaction {
 public:
  WriteTransaction(soci::session& sql, const SqlDialect& dialect) : sql_(sql) {
    dialect.begin_exclusive(sql);
  }
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  ~WriteTransaction() {
    if (is_open_) {
      try {
        sql_ << "ROLLBACK";
      } catch (const soci::soci_error&) {
        // The database has rolled back on its own already.
      }
    }
  }
  void commit() {
    sql_ << "COMMIT";
    is_open_ = false;
  }

 private:
  soci::session& sql_;
  bool is_open_ = true;
};

}  // namespace

std::filesystem::path results_database(const std::filesystem::path& sweep_directory) {
  return sqlite_file_of(sweep_directory);
}

ResultsStore::ResultsStore(const std::filesystem::path& sweep_directory)
    : ResultsStore(sweep_directory,
                   std::make_shared<SqliteDialect>(results_database(sweep_directory))) {}

ResultsStore::ResultsStore(std::filesystem::path sweep_directory,
                           std::shared_ptr<SqlDialect> dialect)
    : sweep_directory_(std::move(sweep_directory)), dialect_(std::move(dialect)) {
  if (!is_there(SweepLayout(sweep_directory_).trials_file())) {
    throw ConfigError(
        fmt::format("no sweep in '{}': there is no trials.jsonl", sweep_directory_.string()));
  }
  sweep_ = read_sweep_name(sweep_directory_);
  try {
    open();
  } catch (const soci::soci_error& error) {
    throw_store_error(error, *dialect_, sweep_directory_);
  }
}

ResultsStore::ResultsStore(ResultsStore&&) noexcept = default;
ResultsStore::~ResultsStore() = default;

SqlScope ResultsStore::scope() const {
  return {*session_, *dialect_, sweep_};
}

void ResultsStore::open() {
  session_.reset();  // its locks must be gone
  session_ = dialect_->open();
  soci::session& sql = *session_;
  if (dialect_->schema_version(sql) == kSchemaVersion) return;
  WriteTransaction transaction(sql, *dialect_);
  const int version = dialect_->schema_version(sql);  // another process may just have made it
  if (version > kSchemaVersion) {
    throw StoreError(fmt::format("{}: written by a newer headway (schema {}, this one knows {})",
                                 place(),
                                 version,
                                 kSchemaVersion));
  }
  if (version < kSchemaVersion) drop_schema(sql, *dialect_);
  create_schema(sql, *dialect_);
  transaction.commit();
}

void ResultsStore::query(const std::function<void(soci::session&)>& query) const {
  try {
    query(*session_);
  } catch (const soci::soci_error& error) {
    throw_store_error(error, *dialect_, sweep_directory_);
  } catch (const DamagedRow& error) {
    throw DatabaseError(
        SqlErrorKind::kDamaged,
        describe_error(SqlErrorKind::kDamaged, error.what(), place(), sweep_directory_));
  }
}

bool ResultsStore::has_news() const {
  const SqlScope here = scope();
  if (store_state(here, kManifestSignature) != manifest_signature(sweep_directory_)) return true;
  if (store_state(here, kReadableRecords) != readable_records()) return true;
  const SegmentReader reader(sweep_directory_, stored_positions(here));
  return !reader.lost().empty() || reader.has_news();
}

bool ResultsStore::is_current() const {
  bool current = false;
  query([&](soci::session&) { current = !has_news(); });
  return current;
}

bool ResultsStore::has_read_the_same_as(const ResultsStore& other) const {
  std::vector<std::string> here;
  std::vector<std::string> there;
  query([&](soci::session&) { here = sources(); });
  other.query([&](soci::session&) { there = other.sources(); });
  return here == there;
}

// What was read, and how far.
std::vector<std::string> ResultsStore::sources() const {
  const SqlScope here = scope();
  std::vector<std::string> texts;
  for (const SegmentPosition& position : stored_positions(here)) {
    texts.push_back(fmt::format("{}:{}", position.segment, position.offset));
  }
  std::sort(texts.begin(), texts.end());
  texts.push_back(store_state(here, kManifestSignature));
  texts.push_back(store_state(here, kReadableRecords));
  return texts;
}

void ResultsStore::sync() {
  query([this](soci::session&) {
    try {
      take_news_in();
    } catch (const soci::soci_error& error) {
      if (dialect_->error_kind(error) != SqlErrorKind::kUnwritable) throw;
      open();  // so SQLite says it of a file that is no longer the one it opened
      take_news_in();
    }
  });
}

void ResultsStore::take_news_in() {
  if (!has_news()) return;
  WriteTransaction transaction(*session_, *dialect_);
  synchronize();
  transaction.commit();
}

void ResultsStore::synchronize() {
  sweep_ = read_sweep_name(sweep_directory_);
  const SqlScope here = scope();
  erase_former_names(here, sweep_directory_);
  const bool knows_more = store_state(here, kReadableRecords) != readable_records();
  const auto newly_lost = SegmentReader(sweep_directory_, stored_positions(here)).lost();
  // What was known of lost segments is all that is left of them.
  const std::vector<LostRecords> lost = lost_records(here, sweep_directory_);
  if (knows_more || !newly_lost.empty()) {
    erase_sweep(here.sql, sweep_);
    set_store_state(here, kReadableRecords, readable_records());
  }
  if (store_state(here, kManifestSignature) != manifest_signature(sweep_directory_)) {
    sync_manifest(here, sweep_directory_);
  }
  sync_segments(here, sweep_directory_);
  store_lost_records(here, lost);
}

ResultsStore ResultsStore::rebuild(const std::filesystem::path& sweep_directory) {
  SqliteDialect database(results_database(sweep_directory));
  try {
    database.rebuild([&](std::shared_ptr<SqlDialect> fresh) {
      ResultsStore(sweep_directory, std::move(fresh)).sync();
    });
  } catch (const soci::soci_error& error) {
    throw_store_error(error, database, sweep_directory);
  }
  return ResultsStore(sweep_directory);
}

void ResultsStore::serve_readers() {
  query([this](soci::session& sql) { dialect_->serve_readers(sql); });
}

bool ResultsStore::settle() {
  bool is_settled = false;
  query([&](soci::session& sql) { is_settled = dialect_->settle(sql); });
  return is_settled;
}

std::vector<std::string> ResultsStore::varying_keys() const {
  std::vector<std::string> keys;
  query([&](soci::session&) { keys = stored_varying_keys(scope()); });
  return keys;
}

std::vector<SegmentDamage> ResultsStore::damage() const {
  std::vector<SegmentDamage> result;
  query([&](soci::session&) { result = stored_damage(scope()); });
  return result;
}

std::vector<LostRecords> ResultsStore::lost() const {
  std::vector<LostRecords> result;
  query([&](soci::session&) { result = lost_records(scope(), sweep_directory_); });
  return result;
}

bool ResultsStore::knows_earlier_losses() const {
  std::string known;
  query([&](soci::session&) { known = store_state(scope(), kKnowsEarlierLosses); });
  return !known.empty();
}

void ResultsStore::note_losses(const std::vector<LostRecords>& lost) {
  query([&](soci::session& sql) {
    WriteTransaction transaction(sql, *dialect_);
    const SqlScope here = scope();
    store_lost_records(here, merged(lost_records(here, sweep_directory_), lost));
    set_store_state(here, kKnowsEarlierLosses, "yes");
    transaction.commit();
  });
}

}  // namespace headway
