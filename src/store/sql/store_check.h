#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/sql/results_store.h"

namespace headway {

struct TableDifference {
  std::string table;
  std::int64_t rows = 0;  // that one store has and the other lacks, both ways

  bool operator==(const TableDifference&) const = default;
};

/// The tables in which `store` differs from the database in `other`; none when they hold the same.
std::vector<TableDifference> differences(const ResultsStore& store,
                                         const std::filesystem::path& other);

/// What SQLite finds wrong with the database file itself; empty when sound.
std::vector<std::string> integrity_errors(const ResultsStore& store);

}  // namespace headway
