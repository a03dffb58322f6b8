#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/errors.h"
#include "store/segments/segment_reader.h"
#include "store/sql/dialect.h"
#include "store/sql/lost_segments.h"

namespace headway {

struct SqlScope;

/// What a database does not let one do; `kind` says why.
class DatabaseError : public StoreError {
 public:
  DatabaseError(SqlErrorKind kind, const std::string& message) : StoreError(message), kind_(kind) {}
  SqlErrorKind kind() const { return kind_; }

 private:
  SqlErrorKind kind_;
};

/// The SQL results store of one sweep (tables: see rows.h), built from its segments and always
/// rebuildable from them. Several processes may use it at once, and several sweeps may share one
/// database. Every function throws DatabaseError when the database is damaged, stays locked or
/// cannot be written, DiskFullError when there is no room.
class ResultsStore {
 public:
  /// Opens the store of `sweep_directory`, creating it when there is none; one of an older schema
  /// is emptied, and the next sync fills it again.
  explicit ResultsStore(const std::filesystem::path& sweep_directory);
  /// Likewise, in a database of its own.
  ResultsStore(std::filesystem::path sweep_directory, std::shared_ptr<SqlDialect> dialect);
  ResultsStore(ResultsStore&&) noexcept;
  ~ResultsStore();

  /// Takes in what the segments and the manifest have that the store lacks, in one transaction.
  /// Costs a few stat calls when there is nothing new. Goes on in the new database when that was
  /// deleted or replaced since it was opened.
  void sync();
  /// Whether sync would find nothing to do.
  bool is_current() const;
  /// Whether both were built from the same records and the same manifest, so that they should hold
  /// the same.
  bool has_read_the_same_as(const ResultsStore& other) const;
  /// Throws the database of `sweep_directory` away, damaged or not, and builds it anew.
  static ResultsStore rebuild(const std::filesystem::path& sweep_directory);

  /// For whoever is going to write again and again: see SqlDialect.
  void serve_readers();
  /// When nobody is: see SqlDialect.
  bool settle();

  const std::filesystem::path& sweep_directory() const { return sweep_directory_; }
  /// The sweep's name, as in its manifest: the column `sweep` of its rows.
  const std::string& sweep() const { return sweep_; }
  /// The file of the database, or its URL.
  std::string place() const { return dialect_->place(); }
  /// The keys whose values differ between trials of the plan, in alphabetical order.
  std::vector<std::string> varying_keys() const;
  /// Damage of segments as of the last sync.
  std::vector<SegmentDamage> damage() const;
  /// Segments that it has read, or was told of, and that are gone or shorter now: what they told is
  /// in the store no more. Known until they are back.
  std::vector<LostRecords> lost() const;
  /// Whether it was told, since it was built, of what was lost before.
  bool knows_earlier_losses() const;
  /// Tells it of losses that others know of, or that the user accepts.
  void note_losses(const std::vector<LostRecords>& lost);

  /// Runs `query`, its database errors turned into DatabaseErrors. The database may hold other
  /// sweeps.
  void query(const std::function<void(soci::session&)>& query) const;

 private:
  void open();
  bool has_news() const;
  std::vector<std::string> sources() const;
  void take_news_in();
  void synchronize();
  SqlScope scope() const;

  std::filesystem::path sweep_directory_;
  std::shared_ptr<SqlDialect> dialect_;
  std::string sweep_;
  std::unique_ptr<soci::session> session_;
};

/// The database of `sweep_directory` where none is asked for by name.
std::filesystem::path results_database(const std::filesystem::path& sweep_directory);

}  // namespace headway
