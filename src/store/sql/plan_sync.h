#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace soci {
class session;
}

namespace headway {

/// Changes whenever the plan's files may have changed; costs a few stat calls.
std::string plan_signature(const std::filesystem::path& sweep_directory);

/// Brings `trials` and `parameters` up to the plan. Inside a transaction.
void sync_plan(soci::session& sql, const std::filesystem::path& sweep_directory);

/// "" when the key is not set.
std::string store_state(soci::session& sql, const std::string& key);
void set_store_state(soci::session& sql, const std::string& key, const std::string& value);

/// The keys whose values differ between trials of the plan, in alphabetical order.
std::vector<std::string> varying_keys(soci::session& sql);

}  // namespace headway
