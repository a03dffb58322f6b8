#include "runner/supervisor/progress_display.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "base/environment.h"
#include "base/time.h"

namespace headway {
namespace {

constexpr double kSecondsBetweenDrawings = 0.25;
constexpr double kSecondsBetweenLines = 30;

constexpr const char* kRed = "\x1b[31m";
constexpr const char* kPlain = "\x1b[0m";

}  // namespace

ProgressDisplay::Terminal ProgressDisplay::standard_error() {
  Terminal terminal;
  const bool dumb = environment_variable("TERM").value_or("dumb") == "dumb";
  terminal.is_interactive = ::isatty(STDERR_FILENO) == 1 && !dumb;
  terminal.colours = terminal.is_interactive && !no_color();
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.columns = size.ws_col;
    terminal.rows = std::max<std::size_t>(size.ws_row, 4);
  }
  return terminal;
}

void ProgressDisplay::message(const std::string& text) {
  clear();
  fmt::print(err_, "{}\n", text);
  err_.flush();
}

void ProgressDisplay::event(const TrialEvent& event) {
  const bool failed = event.kind == TrialEvent::Kind::kFailed;
  if (terminal_.is_interactive && !failed) return;  // the block shows it
  const std::string line = event_line(event);
  message(failed && terminal_.colours ? kRed + line + kPlain : line);
}

void ProgressDisplay::show(const ProgressSnapshot& snapshot) {
  const double now = monotonic_seconds();
  if (now < next_at_) return;
  next_at_ = now + (terminal_.is_interactive ? kSecondsBetweenDrawings : kSecondsBetweenLines);
  if (terminal_.is_interactive) return draw(snapshot);
  if (shown_before_) message(progress_line(snapshot));
  shown_before_ = true;
}

// One write per drawing, so that nothing flickers.
void ProgressDisplay::draw(const ProgressSnapshot& snapshot) {
  const auto lines = progress_block(snapshot, terminal_.columns - 1, terminal_.rows - 3);
  std::string text = drawn_lines_ > 0 ? fmt::format("\x1b[{}F\x1b[J", drawn_lines_) : "";
  for (const std::string& line : lines) text += line + "\n";
  err_ << text << std::flush;
  drawn_lines_ = lines.size();
}

void ProgressDisplay::clear() {
  if (drawn_lines_ == 0) return;
  err_ << fmt::format("\x1b[{}F\x1b[J", drawn_lines_) << std::flush;
  drawn_lines_ = 0;
}

}  // namespace headway
