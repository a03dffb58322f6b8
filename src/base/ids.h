#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/checked_text.h"

namespace headway {

// What names files and folders of a sweep. They enter through hand-edited files, the command line
// and the environment; as these types they can lead nowhere else.

struct TrialIdRule {
  static constexpr std::size_t kDigits = 12;
  static constexpr const char* kWhat = "trial id";
  static constexpr const char* kExpected = "12 of the digits 0-9 and a-f";
  static constexpr const char* kNone = "000000000000";
  static bool fits(std::string_view text);
};
/// The beginning of the hash of a trial's configuration.
using TrialId = CheckedText<TrialIdRule>;

struct CellIdRule {
  static constexpr const char* kWhat = "cell id";
  static constexpr const char* kExpected = TrialIdRule::kExpected;
  static constexpr const char* kNone = TrialIdRule::kNone;
  static bool fits(std::string_view text) { return TrialIdRule::fits(text); }
};
/// The same of what its trials have in common: all but the seed.
using CellId = CheckedText<CellIdRule>;

/// One folder's or file's name without surprises: no separators, blanks or control characters, none
/// that a shell, a terminal, a spreadsheet or a browser takes for more than text.
bool is_plain_name(std::string_view text);
/// What is left of `text` when all that a plain name may not hold is replaced by '_'.
std::string plain_name_from(std::string_view text);

/// What the rules of names have in common.
struct PlainNameRule {
  static constexpr const char* kExpected =
      "at most 128 letters, digits, '_', '-' and '.', neither '-' nor '.' first";
  static bool fits(std::string_view text) { return is_plain_name(text); }
};

struct SweepNameRule : PlainNameRule {
  static constexpr const char* kWhat = "name of a sweep";
  static constexpr const char* kNone = "sweep";
};
/// Names the sweep's folder below the results root, too.
using SweepName = CheckedText<SweepNameRule>;

struct GroupNameRule : PlainNameRule {
  static constexpr const char* kWhat = "name of a worker group";
  static constexpr const char* kNone = "group";
};
/// A worker group, HOST-HEX-NUMBER; names its log.
using GroupName = CheckedText<GroupNameRule>;

struct SupervisorIdRule : PlainNameRule {
  static constexpr const char* kWhat = "supervisor's id";
  static constexpr const char* kNone = "supervisor";
};
/// A supervisor, HOST-HEX; names its entry.
using SupervisorId = CheckedText<SupervisorIdRule>;

}  // namespace headway
