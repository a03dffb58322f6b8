#pragma once

#include <functional>

namespace headway {

/// Does what reads or writes files on this rank alone, again while the disk fails at it: see
/// retry_after_io_errors. The log tells of the first failure.
void ride_out_io_errors(const std::function<void()>& action);

}  // namespace headway
