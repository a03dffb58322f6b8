// What scheduling costs per trial: 10,000 trials that do nothing, drawn from a TrialSource and
// recorded as a worker would. The limit holds for what is ours: the disk's time for the two flushes
// that every trial owes to power cuts is measured apart, on the same disk, and taken off. Exit code
// 1 above the limit.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/files.h"
#include "base/time.h"
#include "runner/worker/trial_source.h"
#include "support/small_sweep.h"
#include "support/temporary_directory.h"

namespace {

constexpr std::int64_t kTrials = 10'000;
constexpr double kLimitMilliseconds = 5;

void record_trial(headway::SegmentWriter& records, const headway::Claim& claim) {
  records.append(
      headway::AttemptStarted{
          .trial_id = claim.trial_id(), .attempt = claim.attempt(), .group = "bench-0"},
      headway::Flush::kNow);
  records.append(headway::AttemptFinished{.trial_id = claim.trial_id(),
                                          .attempt = claim.attempt(),
                                          .state = "done",
                                          .duration_s = 0.0},
                 headway::Flush::kNow);
}

double flush_milliseconds(const std::filesystem::path& folder) {
  constexpr int kFlushes = 200;
  const auto path = folder / "flushed.txt";
  const headway::FileDescriptor file = headway::open_file(path, O_WRONLY | O_CREAT | O_APPEND);
  const double start = headway::monotonic_seconds();
  for (int i = 0; i < kFlushes; ++i) {
    headway::write_all(file.native(), "a record of usual length would stand here\n", path);
    if (::fsync(file.native()) != 0) headway::throw_errno("fsync", path.string());
  }
  return 1000 * (headway::monotonic_seconds() - start) / kFlushes;
}

}  // namespace

int main() {
  const headway::TemporaryDirectory folder;
  headway::write_manifest(folder.path(), headway::small_sweep(kTrials));
  const double start = headway::monotonic_seconds();
  headway::TrialSource source(folder.path(),
                              {headway::this_process(), headway::GroupName("bench-0"), 1});
  headway::SegmentWriter records(folder.path(), "worker");
  std::int64_t count = 0;
  while (const auto trial = source.next()) {
    record_trial(records, trial->claim);
    ++count;
  }
  const double end = headway::monotonic_seconds();
  const double whole = 1000 * (end - start) / static_cast<double>(kTrials);
  const double flushes = 2 * flush_milliseconds(folder.path());
  fmt::print(
      "{} trials: {:.3f} ms per trial, of which two flushes {:.3f} ms\n", count, whole, flushes);
  fmt::print("scheduling: {:.3f} ms per trial (limit {})\n", whole - flushes, kLimitMilliseconds);
  return count == kTrials && whole - flushes < kLimitMilliseconds ? 0 : 1;
}
