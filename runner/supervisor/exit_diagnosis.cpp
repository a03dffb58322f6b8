#include "runner/supervisor/exit_diagnosis.h"

#include <fmt/format.h>

#include <csignal>

#include "base/exit_code.h"
#include "base/failure.h"

namespace headway {
namespace {

bool was_interrupted(const ProcessEnd& end, bool was_asked) {
  const int signal = end.ending_signal();
  return was_asked || end.exit_code == kExitYielded || end.exit_code == kExitTimeBudget ||
         signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGUSR2;
}

struct Cause {
  std::string failure;
  std::string message;
};

Cause cause_of(const EndedGroup& group, const ClaimView& claim, const Circumstances& about) {
  if (group.was_hung) return {to_string(FailureClass::kHung), group.hang};
  if (about.report) {
    return {about.report->failure, to_text(*about.report, claim.owner.world_size)};
  }
  if (was_interrupted(group.end, about.was_asked))
    return {to_string(FailureClass::kPreempted), group.end.describe()};
  if (group.end.ending_signal() == SIGKILL && group.oom_kills > 0) {
    return {to_string(FailureClass::kOom),
            "ended by the kernel for want of memory: " + memory_advice(about.memory)};
  }
  if (group.end.exit_code == kExitDiskFailed) {
    return {to_string(FailureClass::kNodeFailure), "the disk failed the worker"};
  }
  return {to_string(FailureClass::kCrash), group.end.describe()};
}

}  // namespace

AttemptEnd explain_end(const EndedGroup& group,
                       const ClaimView& claim,
                       const Circumstances& circumstances) {
  const Cause cause = cause_of(group, claim, circumstances);
  AttemptEnd end{.trial_id = claim.trial_id,
                 .attempt = claim.attempt,
                 .failure = cause.failure,
                 .message = fmt::format("{}; see logs/{}.log", cause.message, group.name),
                 .exit_code = group.end.exit_code};
  if (cause.failure == failure_name(FailureClass::kOom)) {
    end.world_size = claim.owner.world_size;
    end.groups_beside = circumstances.memory.groups_beside;
  }
  return end;
}

}  // namespace headway
