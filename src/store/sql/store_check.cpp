#include "store/sql/store_check.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/errors.h"
#include "store/sql/rows.h"
#include "store/sql/sqlite_dialect.h"
#include "store/sql/store_schema.h"

namespace headway {
namespace {

constexpr int kMostComparisons = 5;
constexpr int kLockSeconds = 5;  // who writes the database now is mostly done by then

// The troubles of a store that was made for the comparison are the checker's own, but for rows that
// it was given.
void sync_for_comparison(ResultsStore& store) {
  try {
    store.sync();
  } catch (const std::runtime_error& error) {
    const std::string what =
        fmt::format("its rows could not be compared with the segments: {}", error.what());
    const auto* const of_rows = dynamic_cast<const DatabaseError*>(&error);
    if (of_rows != nullptr && of_rows->kind() == SqlErrorKind::kDamaged) {
      throw DatabaseError(SqlErrorKind::kDamaged, what);
    }
    throw EnvironmentError(what);
  }
}

}  // namespace

StoreCheck::StoreCheck(SweepLayout layout,
                       const std::filesystem::path& database,
                       FsckFindings& findings)
    : layout_(std::move(layout)),
      findings_(findings),
      store_(layout_.root(), std::make_shared<SqliteDialect>(database, kLockSeconds)) {}

bool StoreCheck::is_whole() const {
  store_.query([&](soci::session& sql) {
    for (const std::string& error : sqlite_integrity_errors(sql)) {
      findings_.damage(store_.place(), error);
    }
  });
  return has_whole_schema();
}

bool StoreCheck::has_whole_schema() const {
  const auto memory = SqliteDialect::in_memory();
  const auto fresh = memory->open();
  create_schema(*fresh, *memory);
  std::vector<SqliteObject> found;
  store_.query([&](soci::session& sql) { found = sqlite_objects(sql); });
  bool is_whole = true;
  for (const SqliteObject& wanted : sqlite_objects(*fresh)) {
    const auto same = std::ranges::find(found, wanted.name, &SqliteObject::name);
    if (same != found.end() && *same == wanted) continue;
    is_whole = false;
    findings_.damage(
        store_.place(),
        fmt::format("its {} '{}' {}; 'headway fsck {} --rebuild' builds it anew",
                    wanted.type,
                    wanted.name,
                    same == found.end() ? "is missing" : "is not as headway creates it",
                    layout_.root().string()));
  }
  return is_whole;
}

void StoreCheck::compare(const std::map<TrialId, BestWeights>& best_weights) const {
  if (!store_.is_current()) return compare_what_it_would_become();
  compare_rows(store_);
  for (const auto& one : best_weights) {
    const auto file = layout_.best_weights(one.first);
    findings_.guard(file, [&] { expect_recorded(one.second, store_, one.first, file); });
  }
}

// The next reading command brings it up to date, but does not look again at what it has read.
void StoreCheck::compare_what_it_would_become() const {
  if (!findings_.is_sound()) return;
  ResultsStore copy(layout_.root(), SqliteDialect::temporary());
  store_.query([&](soci::session& from) {
    copy.query([&](soci::session& into) { sqlite_copy(from, into); });
  });
  sync_for_comparison(copy);
  compare_rows(copy);
}

// What a run records meanwhile may be in one of both and not yet in the other.
void StoreCheck::compare_rows(const ResultsStore& store) const {
  ResultsStore anew(layout_.root(), SqliteDialect::temporary());
  for (int time = 0; time < kMostComparisons; ++time) {
    sync_for_comparison(anew);
    if (!store.has_read_the_same_as(anew)) continue;
    const bool same_keys = store.varying_keys() == anew.varying_keys();
    std::vector<TableDifference> different;
    store.query([&](soci::session& theirs) {
      anew.query([&](soci::session& sql) {
        different = sqlite_differences(sql, theirs, PublicRows::tables());
      });
    });
    if (!store.has_read_the_same_as(anew)) continue;
    if (!same_keys) {
      findings_.damage(store_.place(),
                       fmt::format("the keys that vary are not what the plan says; 'headway fsck "
                                   "{} --rebuild' builds it anew",
                                   layout_.root().string()));
    }
    for (const TableDifference& one : different) {
      findings_.damage(
          store_.place(),
          fmt::format("{} rows of table {} are not what the segments say; 'headway fsck {} "
                      "--rebuild' builds it anew",
                      one.rows,
                      one.table,
                      layout_.root().string()));
    }
    return;
  }
}

}  // namespace headway
