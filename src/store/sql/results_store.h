#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/segments/segment_reader.h"

namespace soci {
class session;
}

namespace headway {

/// The SQL results store of one sweep (tables: see store_schema.cpp), built from its segments and
/// always rebuildable from them. Several processes may use it at once. Every function throws
/// StoreError when the database is damaged or stays locked.
class ResultsStore {
 public:
  /// Opens the store of `sweep_directory`, creating it when there is none.
  explicit ResultsStore(const std::filesystem::path& sweep_directory);
  /// Likewise, in a database file of its own.
  ResultsStore(std::filesystem::path sweep_directory, std::filesystem::path database);
  ResultsStore(ResultsStore&&) noexcept;
  ~ResultsStore();

  /// Takes in what the segments and the plan have that the store lacks, in one transaction. Costs
  /// a few stat calls when there is nothing new.
  void sync();
  /// Whether sync would find nothing to do.
  bool is_current() const;
  /// Throws the database of `sweep_directory` away, damaged or not, and builds it anew.
  static ResultsStore rebuild(const std::filesystem::path& sweep_directory);

  const std::filesystem::path& sweep_directory() const { return sweep_directory_; }
  const std::filesystem::path& database() const { return database_; }
  /// Damage of segments as of the last sync.
  std::vector<SegmentDamage> damage() const;

  /// Runs `query`, its database errors turned into StoreErrors.
  void query(const std::function<void(soci::session&)>& query) const;

 private:
  void open();
  bool has_news() const;
  void synchronize(soci::session& sql) const;

  std::filesystem::path sweep_directory_;
  std::filesystem::path database_;
  std::unique_ptr<soci::session> session_;
};

/// results.sqlite in the sweep's folder; in the local cache when that is on a network file system,
/// where SQLite's locks cannot be trusted.
std::filesystem::path results_database(const std::filesystem::path& sweep_directory);

}  // namespace headway
