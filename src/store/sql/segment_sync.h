#pragma once

#include <filesystem>
#include <vector>

#include "store/segments/segment_reader.h"

namespace soci {
class session;
}

namespace headway {

/// How far the store has read each segment.
std::vector<SegmentPosition> stored_positions(soci::session& sql);
std::vector<SegmentDamage> stored_damage(soci::session& sql);

/// Takes all new records into the store. Inside a transaction, after sync_plan.
void sync_segments(soci::session& sql, const std::filesystem::path& sweep_directory);

}  // namespace headway
