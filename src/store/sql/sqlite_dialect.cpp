#include "store/sql/sqlite_dialect.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "base/environment.h"
#include "base/files.h"
#include "base/host.h"
#include "base/sha256.h"
#include "base/sweep_layout.h"

namespace headway {
namespace {

constexpr int kBusySeconds = 60;
// SQLite's own codes; its header must not leak into the rest of the program.
constexpr int kBusy = 5;
constexpr int kLocked = 6;
constexpr int kCorrupt = 11;
constexpr int kFull = 13;
constexpr int kNotADatabase = 26;

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

void remove_database(const std::filesystem::path& database) {
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
    std::filesystem::remove(database.string() + suffix);
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

std::filesystem::path sqlite_file_of(const std::filesystem::path& sweep_directory) {
  if (!is_network_file_system(sweep_directory)) return SweepLayout(sweep_directory).database();
  const std::string place = std::filesystem::canonical(sweep_directory).string();
  const std::filesystem::path folder = cache_directory() / "stores";
  std::filesystem::create_directories(folder);
  return folder / (sha256_hex(place).substr(0, 16) + ".sqlite");
}

std::unique_ptr<soci::session> SqliteDialect::open() {
  auto session = std::make_unique<soci::session>(
      soci::sqlite3, fmt::format("db=\"{}\" timeout={}", file_.string(), kBusySeconds));
  soci::session& sql = *session;
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
  remove_database(file_);
  std::filesystem::rename(fresh, file_);
  flush_directory(file_.parent_path());
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
  return code == kFull ? SqlErrorKind::kDiskFull : SqlErrorKind::kOther;
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

std::vector<TableDifference> sqlite_differences(soci::session& sql,
                                                const std::filesystem::path& other,
                                                const std::vector<SqlTable>& tables) {
  std::vector<TableDifference> result;
  const std::string path = other.string();
  sql << "ATTACH DATABASE :path AS other", soci::use(path);
  for (const SqlTable& table : tables) {
    const long long rows = rows_only_in(sql, table.name, "main", "other") +
                           rows_only_in(sql, table.name, "other", "main");
    if (rows > 0) result.push_back({table.name, rows});
  }
  sql << "DETACH DATABASE other";
  return result;
}

}  // namespace headway
