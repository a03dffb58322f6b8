#pragma once

namespace headway {

/// Exit codes of `headway` and `headway-worker`.
enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,  // some trials failed, or this machine did
  kExitUsage = 2,   // a mistake on the command line or in a sweep file
  kExitNothingToDo = 3,
  kExitStore = 4,       // the store is damaged or locked
  kExitNotChecked = 6,  // fsck found no damage, but could not check everything
  kExitInternalError = 70,
  kExitDiskFailed = 74,  // of a worker: what it was at goes on once the disk does
  kExitYielded = 75,     // stopped on request, work left: requeue me
  kExitTimeBudget = 124,
  kExitCannotStart = 127,  // as shells say it of a program that is not there
  kExitSignalBase = 128,   // + the signal that ended a process, as shells say it
  kExitInterrupted = 130,
};

}  // namespace headway
