#pragma once

#include <cstdint>
#include <filesystem>

namespace headway {

/// Where the last `lines` lines of a text file begin; 0 when it has no more than that or does not
/// exist. A last line without its newline counts. Reads from the end only what it must.
std::uint64_t tail_offset(const std::filesystem::path& file, std::uint64_t lines);

}  // namespace headway
