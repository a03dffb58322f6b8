#pragma once

#include <filesystem>
#include <string>

#include "store/segments/segment_reader.h"

namespace headway {

/// "line 3: 241 bytes are no record (the record's checksum is wrong); lost: 'metrics' of trial
/// 3f2a...": where the damage is and what its bytes still tell of what they were. `segment` is the
/// file's path.
std::string describe_damage(const std::filesystem::path& segment, const SegmentDamage& damage);

}  // namespace headway
