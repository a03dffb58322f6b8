#pragma once

#include <cstddef>
#include <cstdint>

namespace headway {

// How much headway takes from files, before it takes memory for them. Far above what it writes
// itself; whatever is larger was made by a fault or by someone who means harm.

/// Lists and objects within one another: of JSON, YAML.
inline constexpr std::size_t kMaximumDepth = 64;
/// Values of one JSON text, some hundred bytes of memory each.
inline constexpr std::size_t kMostValues = std::size_t{1} << 21;

/// Attempts at one trial, or at one evaluation of it, are numbered from 1 to this.
inline constexpr int kMostAttempts = 1'000'000'000;
/// Ranks of one group, each a process; also as claims and offers tell it.
inline constexpr int kMostRanks = 1024;

inline constexpr std::uint64_t kKibi = 1024;
inline constexpr std::uint64_t kMebi = 1024 * kKibi;

/// Heartbeats, entries of supervisors, offers, crash reports.
inline constexpr std::uint64_t kLargestNote = kMebi;
/// Sweep files, and what a manifest says besides its trials.
inline constexpr std::uint64_t kLargestSweepFile = 16 * kMebi;
/// trials.jsonl: some 2 KiB per trial, of which a sweep has 100,000 at most.
inline constexpr std::uint64_t kLargestManifest = 1024 * kMebi;
/// One record of a segment, one header of a safetensors file.
inline constexpr std::uint64_t kLargestRecord = 64 * kMebi;

}  // namespace headway
