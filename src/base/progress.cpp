#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "base/environment.h"

namespace headway {
namespace {

constexpr std::size_t kBarWidth = 24;

std::string erasing(std::size_t lines) {
  return lines > 0 ? fmt::format("\x1b[{}F\x1b[J", lines) : "";
}

}  // namespace

Terminal standard_error_terminal() {
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

std::string progress_bar(double share) {
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "]";
}

void RedrawnLines::draw(const std::vector<std::string>& lines) {
  std::string text = erasing(drawn_);
  for (const std::string& line : lines) text += line + "\n";
  out_ << text << std::flush;
  drawn_ = lines.size();
}

void RedrawnLines::clear() {
  if (drawn_ == 0) return;
  out_ << erasing(drawn_) << std::flush;
  drawn_ = 0;
}

}  // namespace headway
