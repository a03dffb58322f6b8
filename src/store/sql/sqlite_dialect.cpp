#include "store/sql/sqlite_dialect.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/cache_folder.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"
#include "base/sha256.h"
#include "base/sweep_layout.h"
#include "base/temporary_files.h"

namespace headway {
namespace {

// SQLite's own codes; its header must not leak into the rest of the program.
constexpr int kPermission = 3;
constexpr int kBusy = 5;
constexpr int kLocked = 6;
constexpr int kReadOnly = 8;
constexpr int kInputOutput = 10;
constexpr int kCorrupt = 11;
constexpr int kFull = 13;
constexpr int kCannotOpen = 14;
constexpr int kLockProtocol = 15;
constexpr int kNotADatabase = 26;
constexpr int kBackupDone = 101;
constexpr int kAllPages = -1;

// With less room than this, an error of the file system is taken for a full disk.
constexpr std::uintmax_t kLeastRoom = std::uintmax_t{64} << 10;

bool is_network_file_system(const std::filesystem::path& directory) {
  struct statfs info {};
  // A folder that is not there is reported by whoever looks for the sweep in it.
  if (::statfs(directory.c_str(), &info) != 0) return false;
  constexpr std::array<std::uint32_t, 11> kNetworkTypes{
      0x00006969,  // NFS
      0x0bd00bd0,  // Lustre
      0xff534d42,  // CIFS
      0xfe534d42,  // SMB2
      0x0000517b,  // SMB
      0x47504653,  // GPFS
      0x19830326,  // BeeGFS
      0x5346414f,  // AFS
      0x00c36400,  // Ceph
      0x20030528,  // OrangeFS
      0xaad7aaea,  // PanFS
  };
  const auto type = static_cast<std::uint32_t>(info.f_type);
  return std::find(kNetworkTypes.begin(), kNetworkTypes.end(), type) != kNetworkTypes.end();
}

// A write-ahead log is of use only where all processes see one memory through a mapped file.
bool shares_mapped_files(const std::filesystem::path& directory) {
  if (is_network_file_system(directory)) return false;
  const auto probe = directory / fmt::format(".{}.tmp", random_id());
  try {
    const FileDescriptor file = open_file(probe, O_RDWR | O_CREAT | O_EXCL);
    ::unlink(probe.c_str());
    const std::string page(4096, '\0');  // written, not only sized: mapped room must be there
    write_all(file.native(), page, probe);
    void* mapped =
        ::mmap(nullptr, page.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file.native(), 0);
    if (mapped == MAP_FAILED) return false;
    *static_cast<char*>(mapped) = 'x';
    char seen = 0;
    const bool shared = ::pread(file.native(), &seen, 1, 0) == 1 && seen == 'x';
    ::munmap(mapped, page.size());
    return shared;
  } catch (const EnvironmentError&) {
    return false;
  }
}

std::string journal_mode(soci::session& sql) {
  std::string mode;
  sql << "PRAGMA journal_mode", soci::into(mode);
  return mode;
}

// Neither waits for others nor fails: whether the database is in this mode now.
bool try_journal_mode(soci::session& sql, const std::string& mode, int busy_seconds) {
  std::string reached;
  sql << "PRAGMA busy_timeout = 0";
  try {
    sql << "PRAGMA journal_mode = " + mode, soci::into(reached);
  } catch (const soci::soci_error&) {
    reached.clear();  // others have it open
  }
  sql << fmt::format("PRAGMA busy_timeout = {}", busy_seconds * 1000);
  return reached == mode;
}

bool has_room(const std::filesystem::path& file) {
  std::error_code unknown;
  const auto space = std::filesystem::space(file.parent_path(), unknown);
  const bool holds_nothing = space.capacity == 0;  // as /proc
  return unknown || holds_nothing || space.available >= kLeastRoom;
}

sqlite_api::sqlite3* handle_of(soci::session& sql) {
  return static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_;
}

// SOCI ends a name at the first quote in it, and would open some other file: one in a folder with
// such a name is reached by way of the folder's descriptor. SQLite finds the file's own name by
// that when it opens it.
std::string name_without_quotes(const std::filesystem::path& file, FileDescriptor& folder) {
  if (file.string().find('"') == std::string::npos) return file.string();
  const auto parent = file.parent_path();
  folder = open_file(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  return fmt::format("/proc/self/fd/{}/{}", folder.native(), file.filename().string());
}

// False when the copy could not be made; why, the connection of `into` knows.
bool copy_pages(soci::session& from, soci::session& into, const char* schema) {
  sqlite_api::sqlite3_backup* copy =
      sqlite_api::sqlite3_backup_init(handle_of(into), schema, handle_of(from), "main");
  if (copy == nullptr) return false;
  const int result = sqlite_api::sqlite3_backup_step(copy, kAllPages);  // waits for the lock
  return sqlite_api::sqlite3_backup_finish(copy) == 0 && result == kBackupDone;
}

void copy_or_throw(soci::session& from, soci::session& into, const char* schema) {
  if (copy_pages(from, into, schema)) return;
  sqlite_api::sqlite3* handle = handle_of(into);
  throw soci::sqlite3_soci_error(sqlite_api::sqlite3_errmsg(handle),
                                 sqlite_api::sqlite3_errcode(handle));
}

// SQLite would wait for good for the other end of a pipe.
void expect_regular_files(const std::filesystem::path& database) {
  for (const std::filesystem::path& file : sqlite_files(database)) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || S_ISREG(info.st_mode)) continue;
    throw soci::soci_error(
        fmt::format("unable to open database file: {}: found {}, expected a regular file",
                    file.string(),
                    kind_of_file(info.st_mode)));
  }
}

void remove_database(const std::filesystem::path& database) {
  for (const std::filesystem::path& file : sqlite_files(database)) {
    std::error_code problem;
    std::filesystem::remove(file, problem);
    if (!problem) continue;
    throw EnvironmentError(
        fmt::format("{}: cannot be removed ({}); move it away", file.string(), problem.message()));
  }
}

long long rows_only_in(soci::session& sql,
                       const std::string& table,
                       const char* here,
                       const char* there) {
  long long count = 0;
  sql << fmt::format("SELECT count(*) FROM (SELECT * FROM {1}.{0} EXCEPT SELECT * FROM {2}.{0})",
                     table,
                     here,
                     there),
      soci::into(count);
  return count;
}

}  // namespace

std::vector<std::filesystem::path> sqlite_files(const std::filesystem::path& database) {
  std::vector<std::filesystem::path> files;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    files.emplace_back(database.string() + suffix);
  }
  return files;
}

std::filesystem::path sqlite_file_of(const std::filesystem::path& sweep_directory) {
  if (!is_network_file_system(sweep_directory)) return SweepLayout(sweep_directory).database();
  return sqlite_file_in_cache(sweep_directory);
}

std::filesystem::path sqlite_file_in_cache(const std::filesystem::path& sweep_directory) {
  const std::string place = std::filesystem::canonical(sweep_directory).string();
  std::filesystem::path file =
      cache_folder("stores") / (sha256_hex(place).substr(0, 16) + ".sqlite");
  std::error_code unknown;
  if (std::filesystem::exists(std::filesystem::symlink_status(file, unknown))) {
    expect_own_file(open_regular(file, Links::kRefuse).native(), file);
  }
  return file;
}

std::string SqliteDialect::place() const {
  return file_.empty() ? any_temporary_directory().string() : file_.string();
}

std::unique_ptr<soci::session> SqliteDialect::open() {
  if (!file_.empty()) expect_regular_files(file_);
  FileDescriptor folder;
  const std::string name = name_without_quotes(file_, folder);
  auto session = std::make_unique<soci::session>(
      soci::sqlite3, fmt::format("db=\"{}\" timeout={}", name, busy_seconds_));
  soci::session& sql = *session;
  if (file_.empty()) {  // a large one goes to the disk rather than take much memory
    sql << "PRAGMA cache_size = -65536";
    return session;
  }
  // Rebuildable, so a power cut may cost it; but no user's disk waits for it at every command.
  sql << "PRAGMA synchronous = NORMAL";
  sql << "PRAGMA cache_size = -262144";  // KiB, taken as needed: a first sync without spilling
  sql << "PRAGMA temp_store = MEMORY";
  return session;
}

// Rows lie in the order of the key: a trial's metrics are read from one place. Long rows would make
// that tree deep.
std::string SqliteDialect::create_table(const SqlTable& table) const {
  const bool has_long_rows = std::any_of(
      table.columns.begin(), table.columns.end(), [](const SqlColumn& one) { return one.is_json; });
  return plain_create_table(table, {"TEXT", "INTEGER", "REAL"}) +
         (has_long_rows ? "" : " WITHOUT ROWID");
}

void SqliteDialect::begin_exclusive(soci::session& sql) const {
  sql << "BEGIN IMMEDIATE";
}

int SqliteDialect::schema_version(soci::session& sql) const {
  int version = 0;
  sql << "PRAGMA user_version", soci::into(version);
  return version;
}

void SqliteDialect::set_schema_version(soci::session& sql, int version) const {
  sql << fmt::format("PRAGMA user_version = {}", version);
}

void SqliteDialect::rebuild(const std::function<void(std::shared_ptr<SqlDialect>)>& fill) {
  const std::filesystem::path fresh = file_.string() + "." + random_id() + ".tmp";
  try {
    fill(std::make_shared<SqliteDialect>(fresh));
  } catch (...) {
    remove_database(fresh);
    throw;
  }
  if (take_contents_of(fresh)) return remove_database(fresh);
  remove_database(file_);
  std::filesystem::rename(fresh, file_);
  flush_directory(file_.parent_path());
}

// Page by page in one transaction, so that others may have it open meanwhile: a file that is
// replaced under them is lost to them, and its journals are taken for those of the new one. False
// when there is no database that could take anything in.
bool SqliteDialect::take_contents_of(const std::filesystem::path& fresh) {
  std::error_code absent;
  if (std::filesystem::file_size(file_, absent) == 0 || absent) return false;
  try {
    const auto from = SqliteDialect(fresh).open();
    const auto into = open();
    return copy_pages(*from, *into, "main");
  } catch (const soci::soci_error&) {
    return false;
  }
}

void SqliteDialect::serve_readers(soci::session& sql) const {
  if (journal_mode(sql) != "delete" || !shares_mapped_files(file_.parent_path())) return;
  if (!try_journal_mode(sql, "wal", busy_seconds_)) return;
  try {
    schema_version(sql);  // the first to use it makes the log
  } catch (const soci::soci_error&) {
    try_journal_mode(sql, "delete", busy_seconds_);
  }
}

bool SqliteDialect::settle(soci::session& sql) const {
  if (journal_mode(sql) != "wal" || try_journal_mode(sql, "delete", busy_seconds_)) return true;
  // Whoever has it open keeps the log; empty, nothing is missing from a copy of the file alone.
  int is_held_back = 1;
  sql << "PRAGMA busy_timeout = 0";
  try {
    int pages = 0;
    int copied = 0;
    sql << "PRAGMA wal_checkpoint(TRUNCATE)", soci::into(is_held_back), soci::into(pages),
        soci::into(copied);
  } catch (const soci::soci_error&) {
    // This user may not write it.
  }
  sql << fmt::format("PRAGMA busy_timeout = {}", busy_seconds_ * 1000);
  return is_held_back == 0;
}

SqlErrorKind SqliteDialect::error_kind(const soci::soci_error& error) const {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  const int code = sqlite != nullptr ? sqlite->result() & 0xff : 0;
  const std::string text = error.what();
  const auto tells = [&text](const char* words) { return text.find(words) != std::string::npos; };
  if (code == kCorrupt || code == kNotADatabase || tells("malformed") || tells("not a database")) {
    return SqlErrorKind::kDamaged;
  }
  if (code == kBusy || code == kLocked || tells("locked")) return SqlErrorKind::kLocked;
  if (code == kFull || tells("disk is full")) return SqlErrorKind::kDiskFull;
  const bool fails = code == kInputOutput || code == kLockProtocol || tells("disk I/O error");
  const bool is_barred = code == kPermission || code == kReadOnly || code == kCannotOpen ||
                         tells("readonly database") || tells("unable to open database");
  // A journal that finds no room is said to be one that cannot be opened.
  if ((fails || is_barred) && !has_room(file_)) return SqlErrorKind::kDiskFull;
  if (is_barred) return SqlErrorKind::kUnwritable;
  return fails ? SqlErrorKind::kInputOutput : SqlErrorKind::kOther;
}

std::vector<std::string> sqlite_integrity_errors(soci::session& sql) {
  std::vector<std::string> errors;
  std::string text;
  soci::statement statement = (sql.prepare << "PRAGMA integrity_check(10)", soci::into(text));
  statement.execute();
  while (statement.fetch()) {
    if (text != "ok") errors.push_back(text);
  }
  return errors;
}

std::vector<SqliteObject> sqlite_objects(soci::session& sql) {
  std::vector<SqliteObject> objects;
  SqliteObject one;
  soci::statement statement = (sql.prepare << "SELECT type, name, sql FROM sqlite_master "
                                              "WHERE sql IS NOT NULL ORDER BY type, name",
                               soci::into(one.type),
                               soci::into(one.name),
                               soci::into(one.definition));
  statement.execute();
  while (statement.fetch()) objects.push_back(one);
  return objects;
}

void sqlite_copy(soci::session& from, soci::session& into) {
  copy_or_throw(from, into, "main");
}

std::vector<TableDifference> sqlite_differences(soci::session& one,
                                                soci::session& other,
                                                const std::vector<SqlTable>& tables) {
  std::vector<TableDifference> result;
  one << "ATTACH DATABASE '' AS other";  // nameless, as temporary()
  copy_or_throw(other, one, "other");
  for (const SqlTable& table : tables) {
    const long long rows = rows_only_in(one, table.name, "main", "other") +
                           rows_only_in(one, table.name, "other", "main");
    if (rows > 0) result.push_back({table.name, rows});
  }
  one << "DETACH DATABASE other";
  return result;
}

}  // namespace headway
