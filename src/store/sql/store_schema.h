#pragma once

#include <string>

#include "store/sql/dialect.h"

namespace headway {

/// A database of an older schema is built anew.
///   1: results keyed by (trial_id, split, name)
///   2: sweep in every key, results of later evaluations, the table evaluations
///   3: claim in evaluations
///   4: numbers of requests, lost segments, data_sha256 in trials and attempts, data_folder in
///      attempts
///   5: is_accepted in lost segments; in cells, the deviation of equal values is 0
inline constexpr int kSchemaVersion = 5;

/// Creates the tables and views of rows.h where there are none. Inside a transaction.
void create_schema(soci::session& sql, const SqlDialect& dialect);
/// Drops everything that create_schema, of this version or an older one, makes.
void drop_schema(soci::session& sql, const SqlDialect& dialect);
/// Deletes all that is known of one sweep.
void erase_sweep(soci::session& sql, const std::string& sweep);

}  // namespace headway
