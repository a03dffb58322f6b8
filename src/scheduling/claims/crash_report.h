#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/ids.h"

namespace headway {

// claims/<trial_id>/<attempt>/last-words-<rank>: what a rank that fails alone has to say before its
// group goes down with it. The file's first line is the failure's class, the rest the message; a
// signal handler can write it.

struct CrashReport {
  int rank = 0;
  std::string failure;  // class
  std::string message;
};

std::filesystem::path crash_report_file(const std::filesystem::path& sweep_directory,
                                        const TrialId& trial_id,
                                        int attempt,
                                        int rank);

/// Writes the words unless this rank has left some already: the first fault is the cause of the
/// others. Never throws: whoever dies has no one to complain to but the log.
void write_crash_report(const std::filesystem::path& file, const CrashReport& words) noexcept;

/// Of all ranks that left words at this attempt, those of the likely cause. Ranks fail one after
/// the other, since the first one's end is an error to its peers; but their files' times are those
/// of several hosts' clocks. So it is the lowest rank, and one that failed in a call to the others
/// only when all did.
std::optional<CrashReport> first_crash_report(const std::filesystem::path& sweep_directory,
                                              const TrialId& trial_id,
                                              int attempt);

/// "rank 1: out of memory"; the rank is left out when the group had no other.
std::string to_text(const CrashReport& words, int ranks);

}  // namespace headway
