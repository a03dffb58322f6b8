#include "runner/supervisor/rank_activity.h"

#include <algorithm>
#include <iterator>

namespace headway {

std::vector<MemberState> ranks_among(const std::vector<MemberState>& members, int ranks) {
  if (ranks == 1) return {members.begin(), members.begin() + (members.empty() ? 0 : 1)};
  std::vector<MemberState> found;
  std::ranges::copy_if(members, std::back_inserter(found), [](const MemberState& member) {
    return member.rank.has_value();
  });
  return found;
}

std::optional<double> RankActivity::worked_until(const std::vector<MemberState>& members,
                                                 int ranks,
                                                 double now) {
  const std::vector<MemberState> trainers = ranks_among(members, ranks);
  if (static_cast<int>(trainers.size()) < ranks) return std::nullopt;
  double least = now;
  for (const MemberState& rank : trainers) {
    const auto [place, is_new] = seen_.try_emplace(rank.pid, Seen{});
    Seen& seen = place->second;
    if (is_new || rank.worked_nanoseconds != seen.worked_nanoseconds) {
      seen = {rank.worked_nanoseconds, now};
    }
    least = std::min(least, seen.at);
  }
  return least;
}

}  // namespace headway
