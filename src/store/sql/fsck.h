#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "store/sql/lost_segments.h"

namespace headway {

enum class FsckFinding {
  kDamage,     // something is lost or wrong
  kRemark,     // worth knowing, nothing lost (a writer died in mid-record, say)
  kUnchecked,  // the checker failed: no room for its files, a lock, a disk that does not read
};

struct FsckProblem {
  std::string where;    // file, with offset where that says more
  std::string message;  // what is wrong, what it costs and what helps
  FsckFinding finding = FsckFinding::kDamage;
};

struct FsckReport {
  std::int64_t segments = 0;
  std::int64_t records = 0;
  std::int64_t trials = 0;
  std::int64_t artifacts = 0;  // weight files whose hash was checked
  std::vector<FsckProblem> problems;

  bool has(FsckFinding finding) const;
  /// No damage, as far as could be checked.
  bool is_sound() const { return !has(FsckFinding::kDamage); }
};

struct FsckOptions {
  bool check_artifacts = true;  // reads every weight file
  // Losses of which others than the results store know: its claims.
  std::function<std::vector<LostRecords>()> lost_besides = {};
};

/// Verifies a sweep's folder without changing it: every segment, the plan, the results store
/// against what the segments say, each trial recorded exactly once, weight files against their
/// recorded hashes, segments against what the store has read of them. What the checker itself fails
/// at is not damage, and hinders no other check.
FsckReport fsck(const std::filesystem::path& sweep_directory, const FsckOptions& options = {});

}  // namespace headway
