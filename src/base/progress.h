#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

namespace headway {

/// What a stream of text ends at.
struct Terminal {
  bool is_interactive = false;
  bool colours = false;
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// What standard error is.
Terminal standard_error_terminal();

/// "[######..................]"; `share` in [0, 1].
std::string progress_bar(double share);

/// Lines at the end of an interactive terminal that are redrawn in place.
class RedrawnLines {
 public:
  explicit RedrawnLines(std::ostream& out) : out_(out) {}

  /// In place of those drawn before, in one write, so that nothing flickers. A line must not be
  /// wider than the terminal: it would be counted as one and take two.
  void draw(const std::vector<std::string>& lines);
  void clear();

 private:
  std::ostream& out_;
  std::size_t drawn_ = 0;
};

}  // namespace headway
