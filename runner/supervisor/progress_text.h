#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sweep/snapshot.h"

namespace headway {

/// What the progress display shows.
struct ProgressSnapshot {
  std::string sweep;
  TrialCounts counts;
  std::vector<RunningTrial> running;
  std::optional<double> remaining_seconds;
  bool stopping = false;
};

/// "quick: 12 of 40 trials done, 2 running, 1 failed; 3m20s left".
std::string progress_line(const ProgressSnapshot& snapshot);

/// The same with a bar, and below it one line per running trial, each at most `columns` wide; of
/// many trials the first `max_trials`.
std::vector<std::string> progress_block(const ProgressSnapshot& snapshot,
                                        std::size_t columns,
                                        std::size_t max_trials);

/// "trial 0123456789ab done in 12.3s", or however it went.
std::string event_line(const TrialEvent& event);

}  // namespace headway
