#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "config/schema/rank_range.h"

namespace headway {

/// What a supervisor lets its worker groups take next. Groups find and claim their trials
/// themselves; this only tells in which order, and keeps trials for groups of the planned width.
struct GroupAssignments {
  struct Offer {
    TrialId trial_id;
    int width = 1;  // a group of so many ranks, and no other, may take it

    bool operator==(const Offer&) const = default;
  };

  std::vector<Offer> first = {};  // to be taken first, in this order
  /// Trials that are not listed are for groups of this many ranks, or as near to it as they can
  /// use; with 0, for none at present.
  int width_of_others = 1;

  /// Whether a group of `width` ranks may take the trial.
  bool is_for(int width, const TrialId& trial_id, const RankRange& ranks) const;
  bool operator==(const GroupAssignments&) const = default;
};

/// Publishes a supervisor's offers as supervisors/<id>.offers.json, from which its groups, and only
/// these, read. So a supervisor that hangs or dies holds up no one but its own groups, which leave
/// with it. The file goes when this object does.
class AssignmentFile {
 public:
  AssignmentFile(const std::filesystem::path& sweep_directory, const SupervisorId& supervisor);
  AssignmentFile(const AssignmentFile&) = delete;
  AssignmentFile& operator=(const AssignmentFile&) = delete;
  ~AssignmentFile();

  /// Replaces the file when `offers` has changed.
  void publish(const GroupAssignments& offers);

 private:
  std::filesystem::path file_;
  std::optional<GroupAssignments> published_;
};

/// What the supervisor of `group` offers. Nothing when it publishes none: then a group may take
/// whatever fits it.
std::optional<GroupAssignments> read_offers(const std::filesystem::path& sweep_directory,
                                            const GroupName& group);

}  // namespace headway
