#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/sql/dialect.h"

namespace headway {

/// The database of one sweep in one file; several processes may use it at once. At rest it has no
/// other file beside it (a rollback journal); while readers are served, a write-ahead log.
class SqliteDialect : public SqlDialect {
 public:
  static constexpr int kBusySeconds = 60;

  /// Who meets a locked database waits at most `busy_seconds`.
  explicit SqliteDialect(std::filesystem::path file, int busy_seconds = kBusySeconds)
      : file_(std::move(file)), busy_seconds_(busy_seconds) {}
  /// A database that ends with its only connection.
  static std::shared_ptr<SqliteDialect> in_memory() {
    return std::make_shared<SqliteDialect>(":memory:");
  }
  /// Likewise, but on disk where it is large: in a file without a name, so that nothing is left of
  /// it however the process ends.
  static std::shared_ptr<SqliteDialect> temporary() { return std::make_shared<SqliteDialect>(""); }

  std::string place() const override;
  bool holds_many_sweeps() const override { return false; }
  std::unique_ptr<soci::session> open() override;
  std::string create_table(const SqlTable& table) const override;
  std::string upsert(const SqlTable& table) const override { return upsert_on_conflict(table); }
  void begin_exclusive(soci::session& sql) const override;
  int schema_version(soci::session& sql) const override;
  void set_schema_version(soci::session& sql, int version) const override;
  void rebuild(const std::function<void(std::shared_ptr<SqlDialect>)>& fill) override;
  SqlErrorKind error_kind(const soci::soci_error& error) const override;
  /// Not on network file systems, nor where files cannot be mapped by several processes.
  void serve_readers(soci::session& sql) const override;
  bool settle(soci::session& sql) const override;

 private:
  bool take_contents_of(const std::filesystem::path& fresh);

  std::filesystem::path file_;
  int busy_seconds_;
};

/// The file of a database and those that SQLite may make beside it.
std::vector<std::filesystem::path> sqlite_files(const std::filesystem::path& database);

/// results.sqlite in the sweep's folder; in the local cache when that is on a network file system,
/// where SQLite's locks cannot be trusted.
std::filesystem::path sqlite_file_of(const std::filesystem::path& sweep_directory);
/// The database of `sweep_directory` in this user's cache, for when there can be none in the folder
/// itself. EnvironmentError when the cache cannot be made, or others may write to it.
std::filesystem::path sqlite_file_in_cache(const std::filesystem::path& sweep_directory);

/// What SQLite finds wrong with the file of the database itself; empty when sound.
std::vector<std::string> sqlite_integrity_errors(soci::session& sql);

/// A table, an index or a view, and the statement that made it.
struct SqliteObject {
  std::string type;
  std::string name;
  std::string definition;

  bool operator==(const SqliteObject&) const = default;
};
/// All that someone created in the database.
std::vector<SqliteObject> sqlite_objects(soci::session& sql);

/// Replaces what the database of `into` holds by what the one of `from` does, at one moment.
void sqlite_copy(soci::session& from, soci::session& into);

struct TableDifference {
  std::string table;
  std::int64_t rows = 0;  // that one database has and the other lacks, both ways

  bool operator==(const TableDifference&) const = default;
};
/// The tables in which two databases differ. `one` takes a copy of the other for it, where its
/// temporary tables go.
std::vector<TableDifference> sqlite_differences(soci::session& one,
                                                soci::session& other,
                                                const std::vector<SqlTable>& tables);

}  // namespace headway
