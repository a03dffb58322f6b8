#include "runner/supervisor/progress_display.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "base/text.h"
#include "base/time.h"

namespace headway {
namespace {

constexpr double kSecondsBetweenDrawings = 0.25;
constexpr double kSecondsBetweenLines = 30;

constexpr const char* kRed = "\x1b[31m";
constexpr const char* kPlain = "\x1b[0m";

}  // namespace

void ProgressDisplay::message(const std::string& text) {
  print(text, "", "");
}

void ProgressDisplay::print(const std::string& text, const char* colour, const char* no_colour) {
  block_.clear();
  fmt::print(err_, "{}{}{}\n", colour, printable(text, Newlines::kKeep), no_colour);
  err_.flush();
}

void ProgressDisplay::event(const TrialEvent& event) {
  const bool failed = event.kind == TrialEvent::Kind::kFailed;
  if (terminal_.is_interactive && !failed) return;  // the block shows it
  const bool in_red = failed && terminal_.colours;
  print(event_line(event), in_red ? kRed : "", in_red ? kPlain : "");
}

void ProgressDisplay::show(const ProgressSnapshot& snapshot) {
  const double now = monotonic_seconds();
  if (now < next_at_) return;
  next_at_ = now + (terminal_.is_interactive ? kSecondsBetweenDrawings : kSecondsBetweenLines);
  if (terminal_.is_interactive) {
    return block_.draw(progress_block(snapshot, terminal_.columns - 1, terminal_.rows - 3));
  }
  if (shown_before_) message(progress_line(snapshot));
  shown_before_ = true;
}

}  // namespace headway
