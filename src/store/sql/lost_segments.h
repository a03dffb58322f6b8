#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/segments/segment_reader.h"

namespace headway {

struct SqlScope;

/// A segment that was read or written once and is gone or shorter now, and what it told of.
struct LostRecords {
  std::string segment;                     // file name
  std::uint64_t bytes = 0;                 // that were read of it
  std::optional<std::uint64_t> size = {};  // now; nothing when it is gone
  std::optional<WriterRecord> writer = {};
  std::vector<TrialId> trials;  // whose attempts its worker group recorded
  bool is_replaced = false;     // by what is no regular file
  bool is_accepted = false;     // by the user
  bool is_made_good = false;    // all of its trials are done all the same

  /// Whether anyone need hear of it.
  bool is_open() const { return !is_accepted && !is_made_good; }
  /// "segments/x.jsonl, of worker group g on host h, is gone; it told of trials a, b".
  std::string text() const;
};

/// How long a segment is now; nothing when it is gone or no regular file, a link for example.
/// EnvironmentError when that cannot be told.
std::optional<std::uint64_t> segment_size(const std::filesystem::path& segment);
/// All that is known to be lost: noted before, or seen just now.
std::vector<LostRecords> lost_records(const SqlScope& scope,
                                      const std::filesystem::path& sweep_directory);
/// `known` and `more`, each segment once: an accepted loss stays accepted as long as nothing else
/// of the segment is missed.
std::vector<LostRecords> merged(std::vector<LostRecords> known, std::vector<LostRecords> more);
/// Notes them in the place of those noted before. Inside a transaction.
void store_lost_records(const SqlScope& scope, const std::vector<LostRecords>& lost);

}  // namespace headway
