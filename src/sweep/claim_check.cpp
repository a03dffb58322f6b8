#include "sweep/claim_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/sweep_layout.h"
#include "base/text.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_name.h"
#include "sweep/trial_folders.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

bool may_run(const ClaimView& claim, const TrialHistory& record) {
  return !has_ended(record, claim.attempt) && liveness(claim.owner.process) == Liveness::kUnknown;
}

/// Claims whose records are not all there.
std::vector<ClaimView> claims_that_miss_records(const std::filesystem::path& sweep_directory) {
  const auto folder = SweepLayout(sweep_directory).segments();
  std::map<std::string, std::uint64_t> sizes;
  // Before the segments are looked at: these only grow.
  std::vector<ClaimView> claims = all_claims(sweep_directory);
  std::erase_if(claims, [&](const ClaimView& claim) {
    const Progress& told = claim.progress;
    if (!is_segment_name(told.segment)) return true;
    const auto [known, is_new] = sizes.try_emplace(told.segment, 0);
    if (is_new) known->second = segment_size(folder / told.segment).value_or(0);
    return known->second >= told.segment_bytes;
  });
  return claims;
}

}  // namespace

std::vector<LostRecords> lost_by_claims(const std::filesystem::path& sweep_directory) {
  const std::vector<ClaimView> claims = claims_that_miss_records(sweep_directory);
  if (claims.empty()) return {};  // mostly, and then no record need be read
  const auto folder = SweepLayout(sweep_directory).segments();
  SweepState state(sweep_directory);
  state.refresh();
  std::map<std::string, LostRecords> lost;
  for (const ClaimView& claim : claims) {
    const TrialHistory& record = state.trial(claim.trial_id);
    if (may_run(claim, record)) continue;
    const auto [known, is_new] = lost.try_emplace(claim.progress.segment);
    LostRecords& one = known->second;
    if (is_new) {
      one.segment = claim.progress.segment;
      one.size = segment_size(folder / one.segment);
      one.is_replaced = !one.size && std::filesystem::exists(
                                         std::filesystem::symlink_status(folder / one.segment));
      one.writer = WriterRecord{
          .role = "worker", .process = claim.owner.process, .group = claim.owner.group.text()};
      one.is_made_good = true;
    }
    one.bytes = std::max(one.bytes, claim.progress.segment_bytes);
    if (one.trials.empty() || one.trials.back() != claim.trial_id) {
      one.trials.push_back(claim.trial_id);
    }
    one.is_made_good = one.is_made_good && record.state() == TrialState::kDone;
  }
  std::vector<LostRecords> result;
  for (auto& [segment, one] : lost) result.push_back(std::move(one));
  return result;
}

std::vector<FsckProblem> check_claims(const std::filesystem::path& sweep_directory) {
  std::vector<FsckProblem> problems;
  const SweepLayout layout(sweep_directory);
  const auto all = layout.claims();
  usable_trial_folders(
      all, [&](const TrialId& id) { return layout.claims(id); }, problems);
  for (const ClaimView& claim : all_claims(sweep_directory)) {
    const std::string& segment = claim.progress.segment;
    std::string why = claim.unreadable;
    if (!segment.empty() && !is_segment_name(segment)) {
      why = fmt::format("it names no segment: {}", in_quotes(segment));
    }
    if (why.empty()) continue;
    problems.push_back({(all / claim.trial_id.text() / std::to_string(claim.attempt)).string(),
                        fmt::format("the claim of attempt {} at trial {} cannot be used: {}",
                                    claim.attempt,
                                    claim.trial_id,
                                    why),
                        FsckFinding::kRemark});
  }
  return problems;
}

}  // namespace headway
