#include "base/failure.h"

namespace headway {

FailureClass failure_class_from_string(const std::string& text) {
  for (const FailureClass failure : {FailureClass::kNone,
                                     FailureClass::kOom,
                                     FailureClass::kDiverged,
                                     FailureClass::kCrash,
                                     FailureClass::kHung,
                                     FailureClass::kPreempted,
                                     FailureClass::kNodeFailure}) {
    if (text == failure_name(failure)) return failure;
  }
  return FailureClass::kError;
}

}  // namespace headway
