#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "base/sweep_layout.h"
#include "config/sweep/sweep.h"
#include "scheduling/claims/abandonment.h"
#include "scheduling/claims/claims.h"
#include "scheduling/planning/group_assignments.h"
#include "scheduling/policy/queue.h"
#include "store/manifest/manifest_watch.h"
#include "store/manifest/supervisor_trials.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "sweep/recorded_data.h"

namespace headway {

struct ClaimedTrial {
  Trial trial;
  Claim claim;
  bool may_begin_anew = false;  // on other data: all that it began on was taken back by a retry
};

/// Gives a worker group its trials, one after the other: the first that is open and not claimed, in
/// the order that the group's supervisor offers, else in the queue's; claimed for `owner`.
/// Everything it knows stands in the sweep's folder, so any number of groups, supervisors and
/// machines may draw from one sweep; claims keep them apart.
class TrialSource {
 public:
  /// With `only_trial`, that trial is the whole queue. ConfigError when the plan lacks it.
  TrialSource(std::filesystem::path sweep_directory,
              ClaimOwner owner,
              const std::optional<std::string>& only_trial = std::nullopt);

  /// Nothing when there is nothing left that this group could do now, or the sweep pauses because
  /// its first trials all ended by the same error, or `is_to_stop` says so, which is asked before
  /// each trial that is looked at.
  std::optional<ClaimedTrial> next(const std::function<bool()>& is_to_stop = {});

  /// What to say when `data` are not those that the sweep's trials on this data set saw; nothing
  /// when they are.
  std::optional<std::string> data_conflict(const DatasetConfig& dataset, const DataIdentity& data);

 private:
  bool is_paused();
  std::optional<std::size_t> first_to_take();
  Verdict judge(std::size_t index);
  bool is_offered(std::size_t index) const;
  bool is_free(const TrialId& trial_id, const TrialHistory& record);
  bool take_over(const ClaimView& claim);
  bool is_still_wanted(const Claim& claim);
  std::optional<Trial> checked(const PlannedTrial& planned);
  std::optional<Claim> claim(const TrialId& trial_id);
  void refuse(const TrialId& trial_id, const std::string& why);

  std::filesystem::path sweep_directory_;
  ClaimOwner owner_;
  bool serves_one_ = false;
  SweepManifest plan_;
  ManifestWatch manifest_;           // says which trials of the plan are still wanted
  std::vector<QueuedTrial> trials_;  // in plan order
  std::unordered_map<TrialId, std::size_t> places_;  // in the plan
  RecordedData recorded_data_;
  SweepState state_;
  TrialQueue queue_;
  std::unordered_set<TrialId> passed_over_;  // cannot be trained, and stay open all the same
  bool some_done_ = false;                   // of the plan's trials
  std::optional<GroupAssignments> offers_;   // as of the last look
  int next_attempt_ = 0;                     // at the trial that was judged last
  AbandonmentJudge abandonment_;
  // Its own segment, in the role of a supervisor: a worker's word on an attempt is taken for that
  // of the one who ran it, and here others' attempts are reported.
  SegmentWriter reports_;
};

}  // namespace headway
