#pragma once

#include <string>

namespace headway {

/// Why an attempt at a trial failed. kError: the trial itself reported an error (bad data, say).
enum class FailureClass { kNone, kOom, kDiverged, kCrash, kHung, kPreempted, kNodeFailure, kError };

/// As it stands in records, in the store and in messages; "" for kNone.
constexpr const char* failure_name(FailureClass failure) {
  switch (failure) {
    case FailureClass::kNone:
      return "";
    case FailureClass::kOom:
      return "oom";
    case FailureClass::kDiverged:
      return "diverged";
    case FailureClass::kCrash:
      return "crash";
    case FailureClass::kHung:
      return "hung";
    case FailureClass::kPreempted:
      return "preempted";
    case FailureClass::kNodeFailure:
      return "node_failure";
    case FailureClass::kError:
      break;
  }
  return "error";
}

inline std::string to_string(FailureClass failure) {
  return failure_name(failure);
}

/// kError for a text that this version does not know: a newer headway may have written it.
FailureClass failure_class_from_string(const std::string& text);

}  // namespace headway
