#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace headway {

struct FsckProblem {
  std::string where;      // file, with offset where that says more
  std::string message;    // what is wrong, what it costs and what helps
  bool is_damage = true;  // false: worth knowing, nothing lost (a writer died in mid-record, say)
};

struct FsckReport {
  std::int64_t segments = 0;
  std::int64_t records = 0;
  std::int64_t trials = 0;
  std::int64_t artifacts = 0;  // weight files whose hash was checked
  std::vector<FsckProblem> problems;

  bool is_sound() const;
};

struct FsckOptions {
  bool check_artifacts = true;  // reads every weight file
};

/// Verifies a sweep's folder without changing it: every segment, the plan, the results store
/// against what the segments say, each trial recorded exactly once, weight files against their
/// recorded hashes.
FsckReport fsck(const std::filesystem::path& sweep_directory, const FsckOptions& options = {});

}  // namespace headway
