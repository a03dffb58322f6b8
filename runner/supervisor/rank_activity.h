#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "cluster/launcher.h"

namespace headway {

/// The processes that train, of those of a group of `ranks`; all but mpirun.
std::vector<MemberState> ranks_among(const std::vector<MemberState>& members, int ranks);

/// When the ranks of a group were seen at work.
class RankActivity {
 public:
  /// Until when all its ranks have worked, as its processes show at `now`: the one that was seen to
  /// work least lately counts, as those that wait for it keep a processor busy. Nothing before all
  /// have started.
  std::optional<double> worked_until(const std::vector<MemberState>& members,
                                     int ranks,
                                     double now);

 private:
  struct Seen {
    std::uint64_t worked_nanoseconds = 0;
    double at = 0;
  };

  std::map<std::int64_t, Seen> seen_;  // by process
};

}  // namespace headway
