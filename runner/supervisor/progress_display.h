#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "runner/supervisor/progress_text.h"

namespace headway {

/// Shows how a sweep goes: on a terminal a block that is redrawn in place, elsewhere a line when a
/// trial starts or ends and one now and then.
class ProgressDisplay {
 public:
  struct Terminal {
    bool is_interactive = false;
    bool colours = false;
    std::size_t columns = 80;
    std::size_t rows = 24;
  };
  /// What standard error is.
  static Terminal standard_error();

  ProgressDisplay(std::ostream& err, const Terminal& terminal) : err_(err), terminal_(terminal) {}

  /// A line that stays.
  void message(const std::string& text);
  void event(const TrialEvent& event);
  /// May be called at any rate; draws about four times a second, or a line every half minute.
  void show(const ProgressSnapshot& snapshot);
  /// Takes the block off the screen.
  void clear();

 private:
  void draw(const ProgressSnapshot& snapshot);

  std::ostream& err_;
  Terminal terminal_;
  std::size_t drawn_lines_ = 0;
  double next_at_ = 0;
  bool shown_before_ = false;
};

}  // namespace headway
