#pragma once

#include <filesystem>
#include <iosfwd>

namespace headway {

/// Removes from a sweep's folder what killed processes left there and no living one owns: entries,
/// lists and offers of supervisors that are dead, and checkpoints of trials that are done and of
/// evaluations that are recorded. Entries of supervisors of other machines stay: whether those live
/// cannot be seen from here. Besides, the scratch folders of groups of this machine that are gone,
/// of whatever sweep.
void remove_leftovers(const std::filesystem::path& sweep_directory);

/// Notes on `err` that TMPDIR cannot be used, and what is used in its place.
void report_unusable_temporary_directory(std::ostream& err);

}  // namespace headway
