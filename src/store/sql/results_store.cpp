#include "store/sql/results_store.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/environment.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/host.h"
#include "base/sha256.h"
#include "store/manifest/sweep_directory.h"
#include "store/sql/plan_sync.h"
#include "store/sql/segment_sync.h"
#include "store/sql/store_schema.h"

namespace headway {
namespace {

constexpr int kBusySeconds = 60;
// SQLite's own codes; its header must not leak into the rest of the program.
constexpr int kBusy = 5;
constexpr int kLocked = 6;
constexpr int kCorrupt = 11;
constexpr int kFull = 13;
constexpr int kNotADatabase = 26;

[[noreturn]] void throw_store_error(const soci::soci_error& error,
                                    const std::filesystem::path& database) {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  const int code = sqlite != nullptr ? sqlite->result() & 0xff : 0;
  const std::string text = error.what();
  const bool malformed = text.find("malformed") != std::string::npos ||
                         text.find("not a database") != std::string::npos;
  const std::string where = database.string();
  if (code == kCorrupt || code == kNotADatabase || malformed) {
    throw StoreError(fmt::format(
        "{}: the results store is damaged ({}); 'headway fsck --rebuild' builds it anew from the "
        "segments, nothing is lost",
        where,
        text));
  }
  if (code == kBusy || code == kLocked || text.find("locked") != std::string::npos) {
    throw StoreError(fmt::format(
        "{}: another process has kept the results store locked for {} s", where, kBusySeconds));
  }
  if (code == kFull) throw EnvironmentError(fmt::format("{}: the disk is full", where));
  throw StoreError(fmt::format("{}: {}", where, text));
}

// Rolled back unless committed. IMMEDIATE: waits for other writers at the beginning, so that a
// reading that turns into a writing cannot dead-lock with another one.
class WriteTransaction {
 public:
  explicit WriteTransaction(soci::session& sql) : sql_(sql) { sql_ << "BEGIN IMMEDIATE"; }
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  ~WriteTransaction() {
    if (is_open_) {
      try {
        sql_ << "ROLLBACK";
      } catch (const soci::soci_error&) {
        // SQLite has rolled back on its own already.
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

}  // namespace

std::filesystem::path results_database(const std::filesystem::path& sweep_directory) {
  if (!is_network_file_system(sweep_directory)) return SweepLayout(sweep_directory).database();
  const std::string place = std::filesystem::canonical(sweep_directory).string();
  const std::filesystem::path folder = cache_directory() / "stores";
  std::filesystem::create_directories(folder);
  return folder / (sha256_hex(place).substr(0, 16) + ".sqlite");
}

ResultsStore::ResultsStore(const std::filesystem::path& sweep_directory)
    : ResultsStore(sweep_directory, results_database(sweep_directory)) {}

ResultsStore::ResultsStore(std::filesystem::path sweep_directory, std::filesystem::path database)
    : sweep_directory_(std::move(sweep_directory)), database_(std::move(database)) {
  if (!std::filesystem::exists(SweepDirectory(sweep_directory_).trials_file())) {
    throw ConfigError(
        fmt::format("no sweep in '{}': there is no trials.jsonl", sweep_directory_.string()));
  }
  try {
    open();
  } catch (const soci::soci_error& error) {
    throw_store_error(error, database_);
  }
}

ResultsStore::ResultsStore(ResultsStore&&) noexcept = default;
ResultsStore::~ResultsStore() = default;

void ResultsStore::open() {
  session_ = std::make_unique<soci::session>(
      soci::sqlite3, fmt::format("db=\"{}\" timeout={}", database_.string(), kBusySeconds));
  soci::session& sql = *session_;
  // Rebuildable, so a power cut may cost it; but no user's disk waits for it at every command.
  sql << "PRAGMA synchronous = NORMAL";
  sql << "PRAGMA cache_size = -262144";  // KiB, taken as needed: a first sync without spilling
  sql << "PRAGMA temp_store = MEMORY";
  if (schema_version(sql) == kSchemaVersion) return;
  WriteTransaction transaction(sql);
  const int version = schema_version(sql);  // another process may just have made it
  if (version > kSchemaVersion) {
    throw StoreError(fmt::format("{}: written by a newer headway (schema {}, this one knows {})",
                                 database_.string(),
                                 version,
                                 kSchemaVersion));
  }
  if (version != 0 && version < kSchemaVersion) drop_schema(sql);
  create_schema(sql);
  transaction.commit();
}

void ResultsStore::query(const std::function<void(soci::session&)>& query) const {
  try {
    query(*session_);
  } catch (const soci::soci_error& error) {
    throw_store_error(error, database_);
  }
}

bool ResultsStore::has_news() const {
  soci::session& sql = *session_;
  if (store_state(sql, "plan_signature") != plan_signature(sweep_directory_)) return true;
  const SegmentReader reader(sweep_directory_, stored_positions(sql));
  return reader.lost_records() || reader.has_news();
}

bool ResultsStore::is_current() const {
  bool current = false;
  query([&](soci::session&) { current = !has_news(); });
  return current;
}

void ResultsStore::sync() {
  query([this](soci::session& sql) {
    if (!has_news()) return;
    WriteTransaction transaction(sql);
    synchronize(sql);
    transaction.commit();
  });
}

void ResultsStore::synchronize(soci::session& sql) const {
  if (SegmentReader(sweep_directory_, stored_positions(sql)).lost_records()) {
    drop_schema(sql);
    create_schema(sql);
  }
  if (store_state(sql, "plan_signature") != plan_signature(sweep_directory_)) {
    sync_plan(sql, sweep_directory_);
  }
  sync_segments(sql, sweep_directory_);
}

ResultsStore ResultsStore::rebuild(const std::filesystem::path& sweep_directory) {
  // Built beside the old one and put in its place whole: readers see the old or the new store.
  const std::filesystem::path database = results_database(sweep_directory);
  const std::filesystem::path fresh = database.string() + "." + random_id() + ".tmp";
  try {
    ResultsStore store(sweep_directory, fresh);
    store.sync();
  } catch (...) {
    remove_database(fresh);
    throw;
  }
  remove_database(database);
  std::filesystem::rename(fresh, database);
  flush_directory(database.parent_path());
  return ResultsStore(sweep_directory);
}

std::vector<SegmentDamage> ResultsStore::damage() const {
  std::vector<SegmentDamage> result;
  query([&](soci::session& sql) { result = stored_damage(sql); });
  return result;
}

}  // namespace headway
