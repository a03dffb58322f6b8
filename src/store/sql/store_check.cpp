#include "store/sql/store_check.h"

#include <fmt/format.h>
#include <soci/soci.h>

namespace headway {
namespace {

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

std::vector<TableDifference> differences(const ResultsStore& store,
                                         const std::filesystem::path& other) {
  std::vector<TableDifference> result;
  store.query([&](soci::session& sql) {
    const std::string path = other.string();
    sql << "ATTACH DATABASE :path AS other", soci::use(path);
    for (const char* table : {"trials", "parameters", "metrics", "results", "attempts"}) {
      const long long rows =
          rows_only_in(sql, table, "main", "other") + rows_only_in(sql, table, "other", "main");
      if (rows > 0) result.push_back({table, rows});
    }
    sql << "DETACH DATABASE other";
  });
  return result;
}

std::vector<std::string> integrity_errors(const ResultsStore& store) {
  std::vector<std::string> errors;
  store.query([&](soci::session& sql) {
    std::string text;
    soci::statement statement = (sql.prepare << "PRAGMA integrity_check(10)", soci::into(text));
    statement.execute();
    while (statement.fetch()) {
      if (text != "ok") errors.push_back(text);
    }
  });
  return errors;
}

}  // namespace headway
