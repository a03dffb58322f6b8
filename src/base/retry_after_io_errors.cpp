#include "base/retry_after_io_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <thread>

#include "base/input_output_error.h"

namespace headway {
namespace {

// The error's text; "" when the action succeeded.
std::string failure_at(const std::function<void()>& action) {
  try {
    action();
    return "";
  } catch (const InputOutputError& error) {
    return error.what();
  } catch (const std::system_error& error) {  // of std::filesystem, too
    if (!is_input_output_error(error.code().value())) throw;
    return error.what();
  }
}

}  // namespace

void retry_after_io_errors(const std::function<void()>& action, const RetryAfterIoErrors& options) {
  auto pause = options.first_pause;
  for (int count = 1;; ++count) {
    const std::string what = failure_at(action);
    if (what.empty()) return;
    if (count >= options.tries || options.give_up()) {
      throw InputOutputError(fmt::format("{}; given up after {} tries", what, count));
    }
    options.failed(what);
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, options.longest_pause);
  }
}

}  // namespace headway
