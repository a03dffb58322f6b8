#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headway {

struct SqlScope;

/// Changes whenever the manifest's files may have changed; costs a few stat calls.
std::string manifest_signature(const std::filesystem::path& sweep_directory);

/// Brings `trials` and `parameters` up to the manifest. Inside a transaction.
void sync_manifest(const SqlScope& scope, const std::filesystem::path& sweep_directory);
/// Erases what was written for this directory while its sweep had another name, and from its own
/// database, which holds no other sweep, what was written for the one that it is a copy of.
void erase_former_names(const SqlScope& scope, const std::filesystem::path& sweep_directory);

// Keys of store_state.
inline constexpr const char* kManifestSignature = "manifest_signature";
inline constexpr const char* kReadableRecords = "readable_records";  // when segments were read
inline constexpr const char* kKnowsEarlierLosses = "knows_earlier_losses";

/// "" when the key is not set.
std::string store_state(const SqlScope& scope, const std::string& key);
void set_store_state(const SqlScope& scope, const std::string& key, const std::string& value);

/// The keys whose values differ between trials of the plan, in alphabetical order.
std::vector<std::string> stored_varying_keys(const SqlScope& scope);

}  // namespace headway
