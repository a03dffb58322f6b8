// During a trial the disk fills up at some file operation, or the process ends there: the next
// attempt ends with the bits of an undisturbed trial.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "support/collecting_sink.h"
#include "support/file_faults.h"
#include "support/short_trial.h"
#include "support/temporary_directory.h"
#include "support/text_of.h"
#include "training/trainer.h"

namespace headway {
namespace {

using testing::AnyOf;

// The hashes, and what the trial's log was told.
std::string train(const std::filesystem::path& folder) {
  at::set_num_threads(1);
  const auto alone = make_single_process_communicator();
  TrainerOptions options;
  options.checkpoint_folder = folder / "checkpoints";
  options.artifact_folder = folder / "artifacts";
  options.checkpoints = {.seconds = 1e9, .steps = 3, .epochs = {}, .keep_best = true};
  CollectingSink sink;
  const TrialHashes hashes =
      train_trial(short_trial(2, 1), short_dataset(), *alone, sink, options).hashes;
  return fmt::format(
      "{} {} {} {}", hashes.weights, hashes.state, hashes.metrics, fmt::join(sink.remarks, "; "));
}

// In a process of its own, as autograd does not survive a fork. Its exit status.
int in_child(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    action();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// An undisturbed attempt, after whatever happened in `folder` before.
std::string finish(const std::filesystem::path& folder) {
  EXPECT_EQ(in_child([&] { replace_file(folder / "result", train(folder)); }), 0);
  return text_of(folder / "result");
}

class TrialFileFaults : public testing::TestWithParam<FileFault> {};

TEST_P(TrialFileFaults, cost_no_bit) {
  constexpr int kDone = 0;
  constexpr int kDiskFull = 50;
  const TemporaryDirectory undisturbed;
  const std::string expected = finish(undisturbed.path());
  int operation = 1;
  for (int status = -1; status != kDone; operation += 3) {
    const TemporaryDirectory folder;
    status = in_child([&] {
      file_faults::arm(operation, GetParam());
      try {
        train(folder.path());
      } catch (const DiskFullError&) {
        ::_exit(kDiskFull);
      }
    });
    ASSERT_THAT(status, AnyOf(kDone, kDiskFull, file_faults::kDeathStatus));
    ASSERT_EQ(finish(folder.path()), expected) << "at file operation " << operation;
  }
  EXPECT_GE(operation, 40);  // two checkpoints, best weights once at least, the artifacts
}

INSTANTIATE_TEST_SUITE_P(At,
                         TrialFileFaults,
                         testing::Values(FileFault::kDiskFull, FileFault::kDeath),
                         [](const auto& fault) {
                           return fault.param == FileFault::kDeath ? "death" : "full_disk";
                         });

}  // namespace
}  // namespace headway
