#include "sweep/claim_check.h"

#include <fmt/format.h>

#include <optional>

#include "base/sweep_layout.h"
#include "base/text.h"
#include "scheduling/claims/claims.h"
#include "store/manifest/sweep_state.h"
#include "sweep/trial_status.h"

namespace headway {
namespace {

/// A name that may stand in the folder of segments, and nowhere else.
bool is_segment_name(const std::string& name) {
  return std::filesystem::path(name).filename() == name && name.ends_with(".jsonl");
}

std::optional<std::uint64_t> size_of(const std::filesystem::path& segment) {
  std::error_code gone;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(segment, gone))) {
    return std::nullopt;
  }
  const auto size = std::filesystem::file_size(segment, gone);
  return gone ? std::nullopt : std::optional<std::uint64_t>(size);
}

/// What is lost is made good when the trial is done all the same. Of an attempt that may still run
/// on another host, a file system may show the file late.
FsckFinding finding_of(const ClaimView& claim, const TrialHistory& record) {
  if (record.state() == TrialState::kDone) return FsckFinding::kRemark;
  const bool may_run =
      !has_ended(record, claim.attempt) && liveness(claim.owner.process) == Liveness::kUnknown;
  return may_run ? FsckFinding::kRemark : FsckFinding::kDamage;
}

}  // namespace

std::vector<FsckProblem> check_claims(const std::filesystem::path& sweep_directory) {
  std::vector<FsckProblem> problems;
  // Before the segments are looked at: these only grow.
  const std::vector<ClaimView> claims = all_claims(sweep_directory);
  SweepState state(sweep_directory);
  state.refresh();
  const auto folder = SweepLayout(sweep_directory).segments();
  for (const ClaimView& claim : claims) {
    const Progress& told = claim.progress;
    if (told.segment.empty() || !is_segment_name(told.segment)) continue;
    const auto size = size_of(folder / told.segment);
    if (size.value_or(0) >= told.segment_bytes) continue;
    problems.push_back(
        {(folder / told.segment).string(),
         fmt::format(
             "{}; attempt {} at trial {}, of worker group '{}' on host {}, recorded {} bytes "
             "there",
             size ? fmt::format("has {} bytes", *size) : "is gone",
             claim.attempt,
             claim.trial_id,
             claim.owner.group,
             printable(claim.owner.process.host),
             told.segment_bytes),
         finding_of(claim, state.trial(claim.trial_id))});
  }
  return problems;
}

}  // namespace headway
