#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/sql/dialect.h"

namespace headway {

/// A database in one file; several processes may use it at once.
class SqliteDialect final : public SqlDialect {
 public:
  explicit SqliteDialect(std::filesystem::path file) : file_(std::move(file)) {}

  std::string place() const override { return file_.string(); }
  std::unique_ptr<soci::session> open() override;
  std::string create_table(const SqlTable& table) const override;
  std::string upsert(const SqlTable& table) const override { return upsert_on_conflict(table); }
  void begin_exclusive(soci::session& sql) const override;
  int schema_version(soci::session& sql) const override;
  void set_schema_version(soci::session& sql, int version) const override;
  void rebuild(const std::function<void(std::shared_ptr<SqlDialect>)>& fill) override;
  SqlErrorKind error_kind(const soci::soci_error& error) const override;

 private:
  std::filesystem::path file_;
};

/// results.sqlite in the sweep's folder; in the local cache when that is on a network file system,
/// where SQLite's locks cannot be trusted.
std::filesystem::path sqlite_file_of(const std::filesystem::path& sweep_directory);

/// What SQLite finds wrong with the file of the database itself; empty when sound.
std::vector<std::string> sqlite_integrity_errors(soci::session& sql);

struct TableDifference {
  std::string table;
  std::int64_t rows = 0;  // that one database has and the other lacks, both ways

  bool operator==(const TableDifference&) const = default;
};
/// The tables in which the database of `sql` differs from the one in the file `other`.
std::vector<TableDifference> sqlite_differences(soci::session& sql,
                                                const std::filesystem::path& other,
                                                const std::vector<SqlTable>& tables);

}  // namespace headway
