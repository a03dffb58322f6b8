#include "runner/worker/disk_retries.h"

#include <string>
#include <utility>

#include "base/logging.h"
#include "base/retry_after_io_errors.h"
#include "runner/worker/stop_request.h"

namespace headway {

void ride_out_io_errors(const std::function<void()>& action) {
  bool is_told = false;
  const auto tell = [&](const std::string& what) {
    if (!std::exchange(is_told, true)) log_warning("{}; trying again", what);
  };
  retry_after_io_errors(action, {.failed = tell, .give_up = stop_requested});
}

}  // namespace headway
