#pragma once

#include <optional>

#include "runner/supervisor/worker_groups.h"
#include "scheduling/claims/claims.h"
#include "scheduling/claims/crash_report.h"
#include "scheduling/planning/memory_advice.h"
#include "sweep/reports.h"

namespace headway {

/// What is known besides how a group's process ended.
struct Circumstances {
  bool was_asked = false;  // to leave, by its supervisor
  std::optional<CrashReport> report = {};
  MemoryShortage memory = {};  // as it was measured, should memory be the cause
};

/// Why an attempt that its group left without an end ended: class and message. What its ranks
/// reported goes before what its exit code says; a SIGKILL that nobody here sent, while the kernel
/// counted a process killed for want of memory, was for that.
AttemptEnd explain_end(const EndedGroup& group,
                       const ClaimView& claim,
                       const Circumstances& circumstances);

}  // namespace headway
