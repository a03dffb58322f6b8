#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/segments/segment_reader.h"

namespace headway {

struct SqlScope;

/// A segment that the store has read and that is gone or shorter now, and what it told of.
struct LostRecords {
  std::string segment;                     // file name
  std::uint64_t bytes = 0;                 // that were read of it
  std::optional<std::uint64_t> size = {};  // now; nothing when it is gone
  std::optional<WriterRecord> writer = {};
  std::vector<TrialId> trials;  // whose attempts its worker group recorded

  /// "segments/x.jsonl, of worker group g on host h, is gone; it told of trials a, b".
  std::string text() const;
};

/// All that is known to be lost: noted before, or seen just now.
std::vector<LostRecords> lost_records(const SqlScope& scope,
                                      const std::filesystem::path& sweep_directory);
/// Notes them. Inside a transaction.
void store_lost_records(const SqlScope& scope, const std::vector<LostRecords>& lost);

}  // namespace headway
