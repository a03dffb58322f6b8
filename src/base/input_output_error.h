#pragma once

#include "base/errors.h"

namespace headway {

/// The disk, or a file server, failed at one operation (EIO, ESTALE, ETIMEDOUT and the like): the
/// same thing may succeed a moment later. throw_errno throws it.
class InputOutputError : public EnvironmentError {
 public:
  using EnvironmentError::EnvironmentError;
};

/// Whether `error` (an errno) is of that kind.
bool is_input_output_error(int error);

}  // namespace headway
