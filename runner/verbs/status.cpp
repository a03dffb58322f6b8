#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>
#include <thread>

#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/cli/open_store.h"
#include "runner/cli/row_json.h"
#include "runner/cli/verb.h"
#include "sweep/sweep_status.h"

namespace headway {
namespace {

constexpr std::size_t kShownFailures = 10;
constexpr std::size_t kMessageWidth = 100;

struct StatusOptions {
  std::string sweep;
  bool json = false;
  bool watch = false;
};

enum class Colour { kRed = 31, kGreen = 32, kYellow = 33, kCyan = 36 };

std::string painted(const std::string& text, Colour colour, bool colours) {
  return colours ? fmt::format("\x1b[{}m{}\x1b[0m", static_cast<int>(colour), text) : text;
}

Colour colour_of(TrialState state) {
  switch (state) {
    case TrialState::kDone:
      return Colour::kGreen;
    case TrialState::kFailed:
      return Colour::kRed;
    case TrialState::kRunning:
      return Colour::kCyan;
    case TrialState::kPending:
    case TrialState::kCancelled:
      return Colour::kYellow;
  }
  return Colour::kYellow;
}

void print_counts(const SweepStatus& status, bool colours, std::ostream& out) {
  std::string text;
  for (const auto& [state, count] : status.counts) {
    if (count == 0) continue;
    const std::string part = fmt::format("{} {}", count, to_string(state));
    text += (text.empty() ? "" : ", ") + painted(part, colour_of(state), colours);
  }
  fmt::print(
      out, "sweep   {} ({})\n", status.sweep.name, printable(status.sweep.directory.string()));
  fmt::print(out, "trials  {} of {}\n", text.empty() ? "none" : text, status.total);
}

void print_eta(const SweepStatus& status, std::ostream& out) {
  if (status.is_over()) return;
  if (status.remaining_seconds) {
    fmt::print(out,
               "ends    in about {} with the {} at work\n",
               format_duration(*status.remaining_seconds),
               counted(static_cast<std::size_t>(status.busy_slots), "slot"));
  } else {
    fmt::print(
        out,
        "ends    no worker is at work; about {} of one slot are left; `headway run` goes on\n",
        format_duration(status.remaining_slot_seconds));
  }
}

std::string place_text(const Progress& progress) {
  return progress.total_steps > 0 ? fmt::format("{}/{}", progress.step, progress.total_steps)
                                  : std::string("-");
}

void print_running(const SweepStatus& status, std::ostream& out) {
  if (status.running.empty()) return;
  TextColumns columns({{"running"},
                       {"attempt", Align::kRight},
                       {"phase"},
                       {"epoch", Align::kRight},
                       {"step", Align::kRight},
                       {"images/s", Align::kRight},
                       {"left", Align::kRight},
                       {"ranks", Align::kRight},
                       {"host"}});
  for (const RunningTrial& trial : status.running) {
    const Progress& progress = trial.claim.progress;
    columns.add({trial.claim.trial_id,
                 std::to_string(trial.claim.attempt),
                 trial.is_lost ? "owner gone" : progress.phase,
                 fmt::format("{}/{}", progress.epoch, progress.epochs),
                 place_text(progress),
                 fmt::format("{:.0f}", progress.images_per_second),
                 trial.is_lost ? "-" : format_duration(trial.remaining_seconds),
                 std::to_string(trial.claim.owner.world_size),
                 trial.claim.owner.process.host});
  }
  fmt::print(out, "\n");
  columns.print(out);
}

std::string shortened(const std::string& message) {
  const std::string line = first_line(message);
  return line.size() <= kMessageWidth ? line : line.substr(0, kMessageWidth) + "...";
}

void print_failed(const SweepStatus& status, std::ostream& out) {
  if (status.failed.empty()) return;
  TextColumns columns({{"failed"}, {"attempts", Align::kRight}, {"class"}, {"next"}, {"message"}});
  const std::size_t shown = std::min(kShownFailures, status.failed.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const FailedTrial& trial = status.failed[i];
    columns.add({trial.trial_id,
                 std::to_string(trial.attempts),
                 trial.failure,
                 trial.is_final ? "headway retry" : "run goes on",
                 shortened(trial.message)});
  }
  fmt::print(out, "\n");
  columns.print(out);
  if (shown < status.failed.size()) {
    fmt::print(out, "... and {} more; --json shows them\n", status.failed.size() - shown);
  }
}

std::string status_text(const SweepStatus& status, bool colours) {
  std::ostringstream out;
  print_counts(status, colours, out);
  print_eta(status, out);
  print_running(status, out);
  print_failed(status, out);
  return out.str();
}

nlohmann::json running_json(const RunningTrial& trial) {
  const Progress& progress = trial.claim.progress;
  return {{"trial_id", trial.claim.trial_id},
          {"attempt", trial.claim.attempt},
          {"host", trial.claim.owner.process.host},
          {"group", trial.claim.owner.group},
          {"world_size", trial.claim.owner.world_size},
          {"lost", trial.is_lost},
          {"phase", progress.phase},
          {"epoch", progress.epoch},
          {"epochs", progress.epochs},
          {"step", progress.step},
          {"total_steps", progress.total_steps},
          {"images_per_second", progress.images_per_second},
          {"remaining_seconds", trial.remaining_seconds}};
}

nlohmann::json failed_json(const FailedTrial& trial) {
  return {{"trial_id", trial.trial_id},
          {"failure", trial.failure},
          {"message", trial.message},
          {"attempts", trial.attempts},
          {"final", trial.is_final}};
}

nlohmann::json status_json(const SweepStatus& status) {
  nlohmann::json counts = nlohmann::json::object();
  for (const auto& [state, count] : status.counts) counts[to_string(state)] = count;
  nlohmann::json running = nlohmann::json::array();
  for (const RunningTrial& trial : status.running) running.push_back(running_json(trial));
  nlohmann::json failed = nlohmann::json::array();
  for (const FailedTrial& trial : status.failed) failed.push_back(failed_json(trial));
  return {{"sweep", status.sweep.name},
          {"directory", status.sweep.directory.string()},
          {"total", status.total},
          {"counts", counts},
          {"running", running},
          {"failed", failed},
          {"busy_slots", status.busy_slots},
          {"remaining_seconds", optional_json(status.remaining_seconds)},
          {"remaining_slot_seconds", status.remaining_slot_seconds}};
}

/// Follows one sweep; every look reads only the records that are new.
class SweepObserver {
 public:
  explicit SweepObserver(SweepLocation sweep)
      : sweep_(std::move(sweep)), snapshot_(sweep_.directory, {.follows_plan = true}) {}

  SweepStatus look() {
    snapshot_.refresh();
    return sweep_status(sweep_, snapshot_);
  }

 private:
  SweepLocation sweep_;
  SweepSnapshot snapshot_;
};

/// Redraws in place on a terminal; elsewhere each look is one line of JSON or one block of text.
void watch(SweepObserver& observer, const StatusOptions& options, std::ostream& out) {
  const bool in_place = isatty(STDOUT_FILENO) != 0 && !options.json;
  while (true) {
    const SweepStatus status = observer.look();
    if (options.json) {
      fmt::print(out, "{}\n", json_text(status_json(status)));
    } else {
      fmt::print(out, "{}{}", in_place ? "\x1b[H\x1b[2J" : "", status_text(status, in_place));
    }
    out.flush();
    if (status.is_over() || !out) return;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

template <>
void Verb<class StatusVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb =
      add_verb(app,
               {.name = "status",
                .summary = "where a sweep stands: counts, running trials, failures, time left",
                .description = "SWEEP is a sweep file, a sweep's directory or its name under the "
                               "results root; without\n"
                               "it, the sweep that changed last. Changes nothing.",
                .examples = {"headway status",
                             "headway status quickstart --watch",
                             "headway status sweeps/quickstart.yaml --json"}});
  const auto options = std::make_shared<StatusOptions>();
  verb.option("sweep", options->sweep, "file, directory or name").type_name("SWEEP");
  verb.flag("--watch", options->watch, "look again each second until the sweep is through");
  verb.flag("--json", options->json, "print JSON");
  add_results_option(verb, context);
  verb.action([options, &context] {
    const SweepLocation sweep = find_sweep_or_newest(options->sweep, context.results_root);
    tell_losses(sweep, context.err);
    SweepObserver observer(sweep);
    if (options->watch) return watch(observer, *options, context.out);
    const SweepStatus status = observer.look();
    if (options->json) {
      fmt::print(context.out, "{}\n", json_text(status_json(status), 2));
    } else {
      fmt::print(context.out, "{}", status_text(status, context.colours));
    }
  });
}

}  // namespace headway
