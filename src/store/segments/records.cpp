#include "store/segments/records.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/nearest_name.h"

namespace headway {
namespace {

constexpr std::array<std::pair<FailureClass, const char*>, 8> kFailures{{
    {FailureClass::kNone, ""},
    {FailureClass::kOom, "oom"},
    {FailureClass::kDiverged, "diverged"},
    {FailureClass::kCrash, "crash"},
    {FailureClass::kHung, "hung"},
    {FailureClass::kPreempted, "preempted"},
    {FailureClass::kNodeFailure, "node_failure"},
    {FailureClass::kError, "error"},
}};

constexpr std::array<std::pair<TrialState, const char*>, 5> kStates{{
    {TrialState::kPending, "pending"},
    {TrialState::kRunning, "running"},
    {TrialState::kDone, "done"},
    {TrialState::kFailed, "failed"},
    {TrialState::kCancelled, "cancelled"},
}};

}  // namespace

std::string to_string(FailureClass failure) {
  for (const auto& [value, name] : kFailures) {
    if (value == failure) return name;
  }
  throw std::logic_error("failure class without a name");
}

FailureClass failure_class_from_string(const std::string& text) {
  for (const auto& [value, name] : kFailures) {
    if (text == name) return value;
  }
  return FailureClass::kError;
}

std::string to_string(TrialState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  throw std::logic_error("trial state without a name");
}

TrialState trial_state_from_string(const std::string& text) {
  std::vector<std::string> known;
  for (const auto& [value, name] : kStates) {
    if (text == name) return value;
    known.emplace_back(name);
  }
  throw ConfigError(fmt::format("unknown trial state '{}'{}", text, suggestion(text, known)));
}

}  // namespace headway
