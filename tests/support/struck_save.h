#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/errors.h"
#include "support/file_faults.h"

namespace headway {

/// No save has more file operations.
inline constexpr int kMostOperations = 200;

/// What became of a save of which one file operation went wrong.
struct Outcome {
  bool reached = false;  // the fault struck
  bool succeeded = false;
};

/// In a child process, which may end in the middle.
inline Outcome in_child(int operation, const std::function<void()>& save) {
  const pid_t child = ::fork();
  if (child == 0) {
    file_faults::arm(operation, FileFault::kDeath);
    save();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  const int code = WEXITSTATUS(status);
  EXPECT_THAT(code, testing::AnyOf(testing::Eq(0), testing::Eq(file_faults::kDeathStatus)));
  return {code != 0, code == 0};
}

/// The error must be the one that the fault stands for.
inline Outcome in_this_process(int operation, FileFault fault, const std::function<void()>& save) {
  Outcome outcome;
  file_faults::arm(operation, fault);
  try {
    save();
    outcome.succeeded = true;
  } catch (const DiskFullError&) {
    EXPECT_EQ(fault, FileFault::kDiskFull);
  } catch (const EnvironmentError&) {
    EXPECT_EQ(fault, FileFault::kInputOutputError);
  }
  outcome.reached = file_faults::lift();
  return outcome;
}

inline Outcome with_fault(int operation, FileFault fault, const std::function<void()>& save) {
  return fault == FileFault::kDeath ? in_child(operation, save)
                                    : in_this_process(operation, fault, save);
}

}  // namespace headway
