#include "store/sql/readable_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "base/errors.h"
#include "store/sql/sqlite_dialect.h"

namespace headway {
namespace {

constexpr int kSecondsForOthers = 5;  // who writes the database now is mostly done by then

bool may_replace(const std::filesystem::path& file) {
  return ::access(file.c_str(), W_OK) == 0 && ::access(file.parent_path().c_str(), W_OK) == 0;
}

// Of a damaged one that could be built anew, the user should hear.
bool is_to_be_told(SqlErrorKind kind, const std::filesystem::path& file) {
  return kind == SqlErrorKind::kOther || (kind == SqlErrorKind::kDamaged && may_replace(file));
}

ResultsStore up_to_date(const std::filesystem::path& sweep_directory,
                        std::shared_ptr<SqlDialect> dialect) {
  ResultsStore store(sweep_directory, std::move(dialect));
  store.sync();
  return store;
}

/// Nothing, and why, when it can be had there only by writing what cannot be written.
std::optional<ResultsStore> try_own(const std::filesystem::path& sweep_directory,
                                    std::string& why_not) {
  std::filesystem::path file;
  try {
    file = results_database(sweep_directory);
    return up_to_date(sweep_directory, std::make_shared<SqliteDialect>(file, kSecondsForOthers));
  } catch (const DatabaseError& error) {
    if (is_to_be_told(error.kind(), file)) throw;
    why_not = error.what();
  } catch (const DiskFullError& error) {
    why_not = error.what();
  }
  return std::nullopt;
}

std::optional<ResultsStore> try_cache(const std::filesystem::path& sweep_directory) {
  try {
    const auto file = sqlite_file_in_cache(sweep_directory);
    return up_to_date(sweep_directory, std::make_shared<SqliteDialect>(file, kSecondsForOthers));
  } catch (const EnvironmentError&) {
    return std::nullopt;  // an error of the segments comes again in memory
  } catch (const std::filesystem::filesystem_error&) {
    return std::nullopt;
  }
}

}  // namespace

ResultsStore open_to_read(const std::filesystem::path& sweep_directory,
                          const std::function<void(const std::string&)>& note) {
  std::string why_not;
  if (auto own = try_own(sweep_directory, why_not)) return std::move(*own);
  if (auto cached = try_cache(sweep_directory)) {
    note(fmt::format("{}; read into '{}' instead", why_not, cached->place()));
    return std::move(*cached);
  }
  note(fmt::format("{}; read into memory instead", why_not));
  return up_to_date(sweep_directory, SqliteDialect::in_memory());
}

}  // namespace headway
