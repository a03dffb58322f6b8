#pragma once

namespace soci {
class session;
}

namespace headway {

/// Stands in SQLite's user_version. A store of an older schema is built anew.
inline constexpr int kSchemaVersion = 1;

/// Creates all tables and views that are missing. Inside a transaction.
void create_schema(soci::session& sql);
/// Drops everything that create_schema makes.
void drop_schema(soci::session& sql);
int schema_version(soci::session& sql);

}  // namespace headway
