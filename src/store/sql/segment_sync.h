#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/segments/segment_reader.h"

namespace headway {

struct SqlScope;

/// How far the store has read each segment.
std::vector<SegmentPosition> stored_positions(const SqlScope& scope);
std::vector<SegmentDamage> stored_damage(const SqlScope& scope);

/// The kinds and the version of records that this program reads. A store that a program filled
/// which could read less must be filled anew.
std::string readable_records();

/// Takes all new records into the store. Inside a transaction, after sync_manifest.
void sync_segments(const SqlScope& scope, const std::filesystem::path& sweep_directory);

}  // namespace headway
