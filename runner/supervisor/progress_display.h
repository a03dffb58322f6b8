#pragma once

#include <iosfwd>
#include <string>

#include "base/progress.h"
#include "runner/supervisor/progress_text.h"

namespace headway {

/// Shows how a sweep goes: on a terminal a block that is redrawn in place, elsewhere a line when a
/// trial starts or ends and one now and then.
class ProgressDisplay {
 public:
  ProgressDisplay(std::ostream& err, const Terminal& terminal)
      : err_(err), terminal_(terminal), block_(err) {}

  /// A line that stays, or several; what a terminal would obey is written out.
  void message(const std::string& text);
  void event(const TrialEvent& event);
  /// May be called at any rate; draws about four times a second, or a line every half minute.
  void show(const ProgressSnapshot& snapshot);
  /// Takes the block off the screen.
  void clear() { block_.clear(); }

 private:
  void print(const std::string& text, const char* colour, const char* no_colour);

  std::ostream& err_;
  Terminal terminal_;
  RedrawnLines block_;
  double next_at_ = 0;
  bool shown_before_ = false;
};

}  // namespace headway
