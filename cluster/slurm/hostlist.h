#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// More than any cluster has: what a broken variable asks for is refused before it takes memory.
inline constexpr std::size_t kMostHosts = 1 << 16;

/// Slurm's short form of a list of hosts, in its order: "n[1-3,7],gpu-[01-02]" -> n1, n2, n3, n7,
/// gpu-01, gpu-02. ConfigError, which begins with `source`, when it is none.
std::vector<std::string> expand_host_list(std::string_view text, std::string_view source);

}  // namespace headway
