#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/sql/sql_table.h"

namespace soci {
class session;
class soci_error;
}  // namespace soci

namespace headway {

enum class SqlErrorKind {
  kDamaged,      // the database itself: it must be rebuilt
  kLocked,       // another process has kept it for longer than one waits
  kDiskFull,     // no room
  kUnwritable,   // this user may not write it, or not even open it; or it was replaced since
  kInputOutput,  // the file system fails
  kOther,
};

/// One results database: where it is, and the words in which its SQL differs from that of others.
/// Statements elsewhere are such that SQLite and PostgreSQL take both of them.
class SqlDialect {
 public:
  virtual ~SqlDialect() = default;

  /// For messages: a file, a URL without its password.
  virtual std::string place() const = 0;
  /// Whether other sweeps may be in it, too. If not, what is there under another name than the
  /// sweep's is from before it was renamed, or from the sweep that its folder is a copy of.
  virtual bool holds_many_sweeps() const = 0;
  /// A new connection; creates the database, not its tables, where there is none.
  virtual std::unique_ptr<soci::session> open() = 0;
  /// CREATE TABLE of a table that does not exist.
  virtual std::string create_table(const SqlTable& table) const = 0;
  /// INSERT of one row, every column bound by its name, which replaces the row of the same key.
  virtual std::string upsert(const SqlTable& table) const = 0;
  /// Begins a transaction that waits for other writers now, not at its first write: a reading that
  /// turns into a writing cannot dead-lock with another one. Ended by COMMIT or ROLLBACK.
  virtual void begin_exclusive(soci::session& sql) const = 0;
  /// 0 for a database without tables.
  virtual int schema_version(soci::session& sql) const = 0;
  virtual void set_schema_version(soci::session& sql, int version) const = 0;
  /// Replaces the contents of the database, damaged or not, by what `fill` writes into the database
  /// it is given. Others, also those that have it open, see the old contents or the new ones; the
  /// old ones stay when `fill` throws.
  virtual void rebuild(const std::function<void(std::shared_ptr<SqlDialect>)>& fill) = 0;
  virtual SqlErrorKind error_kind(const soci::soci_error& error) const = 0;

  /// From now on readers and the writer do not wait for each other, where that can be had at once.
  virtual void serve_readers(soci::session&) const {}
  /// Undoes serve_readers: nothing of the database is outside its one file, which may be copied,
  /// and read where nothing can be written. False when others who have it open hold that back.
  virtual bool settle(soci::session&) const { return true; }
};

/// INSERT ... ON CONFLICT DO UPDATE, as SQLite (3.24) and PostgreSQL have it.
std::string upsert_on_conflict(const SqlTable& table);
/// "CREATE TABLE name (column TYPE, ..., PRIMARY KEY (...))"; `types` names the three types.
struct SqlTypeNames {
  const char* text;
  const char* integer;
  const char* number;
};
std::string plain_create_table(const SqlTable& table, const SqlTypeNames& types);

}  // namespace headway
