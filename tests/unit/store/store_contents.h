#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/sql/queries.h"
#include "store/sql/results_store.h"
#include "store/sql/rows.h"
#include "store/sql/sqlite_dialect.h"
#include "unit/store/sweep_fixture.h"

namespace headway {

/// The tables in which the store differs from one that is built in a single go.
inline std::vector<TableDifference> differences_from_rebuilt(const SweepFixture& fixture,
                                                             const ResultsStore& store) {
  ResultsStore fresh(fixture.path(), SqliteDialect::in_memory());
  fresh.sync();
  std::vector<TableDifference> different;
  store.query([&](soci::session& sql) {
    fresh.query([&](soci::session& anew) {
      different = sqlite_differences(sql, anew, PublicRows::tables());
    });
  });
  return different;
}

inline std::int64_t count(const ResultsStore& store, const std::string& what) {
  long long rows = 0;
  store.query([&](soci::session& sql) { sql << "SELECT count(*) FROM " + what, soci::into(rows); });
  return rows;
}

/// What stands under "evaluation:split/name"; a result without a value is left out.
inline std::map<std::string, double> values_of(const ResultsStore& store,
                                               const std::string& trial) {
  std::map<std::string, double> values;
  for (const ResultRow& row : trial_details(store, trial).results) {
    if (row.value) values[row.label()] = *row.value;
  }
  return values;
}

}  // namespace headway
