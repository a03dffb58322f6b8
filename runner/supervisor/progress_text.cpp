#include "runner/supervisor/progress_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/progress.h"
#include "base/text.h"
#include "base/time.h"

namespace headway {
namespace {

std::string counts_text(const ProgressSnapshot& snapshot) {
  const TrialCounts& counts = snapshot.counts;
  std::string text = fmt::format("{} of {} trials done", counts.done, counts.total);
  if (counts.running > 0) text += fmt::format(", {} running", counts.running);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.cancelled > 0) text += fmt::format(", {} cancelled", counts.cancelled);
  if (snapshot.stopping) return text + "; stopping, checkpoints are being written";
  if (snapshot.remaining_seconds) {
    text += fmt::format("; {} left", format_duration(*snapshot.remaining_seconds));
  }
  return text;
}

std::string bar(const TrialCounts& counts) {
  const double total = static_cast<double>(std::max<std::int64_t>(counts.total, 1));
  const double settled = static_cast<double>(counts.done + counts.failed + counts.cancelled);
  return progress_bar(settled / total);
}

std::string trial_line(const RunningTrial& trial) {
  const Progress& progress = trial.claim.progress;
  std::string line = "  " + trial.claim.trial_id.text();
  if (trial.claim.attempt > 1) line += fmt::format("  attempt {}", trial.claim.attempt);
  if (progress.epochs > 0) line += fmt::format("  epoch {}/{}", progress.epoch, progress.epochs);
  if (progress.total_steps > 0) {
    line += fmt::format("  step {}/{}", progress.step, progress.total_steps);
  }
  if (progress.phase == kPacking) line += fmt::format("  image {}", progress.packed_images);
  if (progress.images_per_second > 0) {
    line += fmt::format("  {:.0f} images/s", progress.images_per_second);
  }
  return line + "  " + (progress.phase.empty() ? "starting" : progress.phase);
}

std::string duration_text(const AttemptRecord& attempt) {
  return attempt.duration_s ? " in " + format_duration(*attempt.duration_s) : "";
}

std::string failure_text(const TrialEvent& event) {
  const AttemptRecord& attempt = event.attempt;
  std::string text = fmt::format(
      "trial {} failed at attempt {}: {}", event.trial_id, attempt.attempt, attempt.failure);
  if (!attempt.message.empty()) text += ": " + printable(attempt.message);
  return text + (event.is_final ? "; given up" : "; it will be tried again");
}

}  // namespace

std::string progress_line(const ProgressSnapshot& snapshot) {
  return snapshot.sweep + ": " + counts_text(snapshot);
}

std::vector<std::string> progress_block(const ProgressSnapshot& snapshot,
                                        std::size_t columns,
                                        std::size_t max_trials) {
  std::vector<std::string> lines{
      fmt::format("{} {} {}", snapshot.sweep, bar(snapshot.counts), counts_text(snapshot))};
  const std::size_t shown = std::min(max_trials, snapshot.running.size());
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(trial_line(snapshot.running[i]));
  if (shown < snapshot.running.size()) {
    lines.push_back(fmt::format("  ... and {} more", snapshot.running.size() - shown));
  }
  // A line that wraps would be counted as one and erased as one.
  for (std::string& line : lines) {
    line = printable(line);
    line.resize(std::min(line.size(), columns));
  }
  return lines;
}

std::string event_line(const TrialEvent& event) {
  const AttemptRecord& attempt = event.attempt;
  switch (event.kind) {
    case TrialEvent::Kind::kDone:
      return fmt::format("trial {} done{}", event.trial_id, duration_text(attempt));
    case TrialEvent::Kind::kFailed:
      return failure_text(event);
    case TrialEvent::Kind::kInterrupted:
      return fmt::format("trial {} interrupted{}", event.trial_id, duration_text(attempt));
    case TrialEvent::Kind::kCancelled:
      return fmt::format("trial {} cancelled{}", event.trial_id, duration_text(attempt));
    case TrialEvent::Kind::kStarted:
      break;
  }
  const auto resumed = attempt.resumed_from_step.value_or(0);
  return fmt::format("trial {} started by group {}{}{}",
                     event.trial_id,
                     attempt.worker_group,
                     attempt.attempt > 1 ? fmt::format(", attempt {}", attempt.attempt) : "",
                     resumed > 0 ? fmt::format(", from step {}", resumed) : "");
}

}  // namespace headway
