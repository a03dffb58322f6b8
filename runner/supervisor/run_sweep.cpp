#include "runner/supervisor/run_sweep.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "base/cache_folder.h"
#include "base/environment.h"
#include "base/errors.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/unblocked_stderr.h"
#include "cluster/worker_command.h"
#include "cluster/workplace.h"
#include "data/data_files.h"
#include "runner/cli/open_store.h"
#include "runner/supervisor/abandoned_files.h"
#include "runner/supervisor/leftovers.h"
#include "runner/supervisor/place_check.h"
#include "runner/supervisor/store_sync.h"
#include "runner/supervisor/supervisor.h"
#include "runner/supervisor/with_retries.h"
#include "store/manifest/manifest_lines.h"
#include "store/sql/results_store.h"
#include "sweep/location.h"
#include "sweep/measured_costs.h"
#include "sweep/pauses.h"
#include "sweep/prediction.h"
#include "sweep/recorded_data.h"

namespace headway {
namespace {

constexpr double kStoreSecondsWithoutWork = 60;

struct PreparedSweep {
  SweepLocation location;
  ResourcesConfig resources;  // as this run has them
  SweepManifest plan;         // what this run serves, whatever others make of the sweep
};

void report_change(const ManifestChange& change, std::ostream& err) {
  if (change.is_new || (change.added.empty() && change.vanished.empty())) return;
  fmt::print(err,
             "the sweep file has changed: {} new; {} no longer in the plan (kept in the store, out "
             "of the tables)\n",
             counted(change.added.size(), "trial"),
             change.vanished.size());
}

ResourcesConfig with_options(ResourcesConfig resources, const RunOptions& options) {
  if (options.groups) resources.groups = options.groups;
  if (options.ranks) resources.ranks = options.ranks;
  if (options.time_limit_seconds) resources.time_limit_seconds = options.time_limit_seconds;
  return resources;
}

PreparedSweep prepare_from_file(const RunOptions& options, const VerbContext& context) {
  Sweep sweep = load_sweep(options.sweep, options.overrides);
  const SweepLocation location{sweep.name, context.results_root / sweep.name.text()};
  expect_folder_in_utf8(location.directory);
  for (const std::string& note : sweep.notes)
    fmt::print(context.err, "note: {}\n", printable(note));
  for (const CellFlag& flag : sweep.flags) {
    fmt::print(context.err, "note: cell {}: {}\n", flag.cell_id, printable(flag.message));
  }
  std::vector<PlannedTrial> planned;
  for (const Trial& trial : sweep.trials) planned.push_back(planned_trial(trial));
  expect_recorded_data(location.directory, planned, context.err);
  report_change(write_manifest(location.directory, sweep), context.err);
  // Only now: what is asked of this run is no part of the sweep, which others run, too.
  sweep.resources = with_options(sweep.resources, options);
  const CostModel costs = measured_costs(location.directory, rank_kind(sweep.resources));
  for (const std::string& hint : predict(sweep, costs, cores_at_hand()).hints) {
    fmt::print(context.err, "note: {}\n", hint);
  }
  return {location, sweep.resources, manifest_of(sweep)};
}

/// Workers say it in their logs, too late to be seen.
void note_distrusted_cache(std::ostream& err) {
  if (const auto why = distrust_of_cache()) fmt::print(err, "note: {}\n", printable(*why));
}

void note_missing_data_folder(std::ostream& err) {
  const auto folder = data_directory();
  std::error_code unknown;
  if (!folder || std::filesystem::is_directory(*folder, unknown)) return;
  fmt::print(err,
             "note: HEADWAY_DATA is '{}', which is no folder: data sets without a dataset.root are "
             "looked for in the system's folders alone\n",
             printable(folder->string()));
}

PreparedSweep prepare(const RunOptions& options, const VerbContext& context) {
  if (names_sweep_file(options.sweep)) return prepare_from_file(options, context);
  const SweepLocation location = find_sweep(options.sweep, context.results_root);
  if (!options.overrides.empty()) {
    throw ConfigError(fmt::format(
        "'{}' changes a sweep file, but '{}' names a sweep that is planned already; name its file",
        options.overrides.front(),
        options.sweep));
  }
  expect_folder_in_utf8(location.directory);
  SweepManifest plan = read_manifest(location.directory);
  expect_recorded_data(location.directory, plan.trials, context.err);
  return {location, with_options(plan.resources, options), std::move(plan)};
}

void expect_gpu_per_rank(const Allocation& allocation, const ResourcesConfig& resources) {
  const int gpus = allocation.gpu_count();
  if (allocation.device != "cuda" || resources.ranks.value_or(1) <= gpus) return;
  throw ConfigError(
      fmt::format("resources.ranks is {}, but {} {}, and each rank needs its own; "
                  "set resources.ranks to at most that, or resources.device=cpu",
                  *resources.ranks,
                  allocation.is_slurm_job() ? "this job has" : "this machine shows",
                  counted(static_cast<std::size_t>(gpus), "GPU")));
}

/// Processes may share the cores of a machine, but those of a job's steps are their own.
GroupLimits limits_on(const Allocation& allocation, const ResourcesConfig& resources) {
  const int slots = allocation.slots(static_cast<int>(resources.threads_per_rank));
  GroupLimits limits = group_limits(slots, resources);
  if (!allocation.is_slurm_job()) return limits;
  if (limits.ranks.value_or(1) > slots) {
    throw ConfigError(
        fmt::format("resources.ranks is {}, but Slurm job {} has room for {} of {} each; ask Slurm "
                    "for more, or "
                    "set resources.ranks to at most that",
                    *limits.ranks,
                    allocation.slurm_job,
                    counted(static_cast<std::size_t>(slots), "rank"),
                    counted(static_cast<std::size_t>(resources.threads_per_rank), "thread")));
  }
  limits.slots = slots;
  return limits;
}

/// What there is time for: what the user allows, and what the allocation has left.
std::optional<double> time_limit(const ResourcesConfig& resources, const Allocation& allocation) {
  if (!resources.time_limit_seconds) return allocation.seconds_left;
  return std::min(*resources.time_limit_seconds,
                  allocation.seconds_left.value_or(*resources.time_limit_seconds));
}

bool is_end_of_job(const ResourcesConfig& resources, const Allocation& allocation) {
  return allocation.is_slurm_job() && allocation.seconds_left &&
         time_limit(resources, allocation) == allocation.seconds_left;
}

SupervisorOptions supervisor_options(const PreparedSweep& sweep,
                                     const RunOptions& options,
                                     const std::filesystem::path& worker,
                                     const Allocation& allocation) {
  const ResourcesConfig& resources = sweep.resources;
  const auto directory = std::filesystem::absolute(sweep.location.directory);
  return {.sweep_directory = directory,
          .plan = sweep.plan,
          .group = {.worker = worker,
                    .settings = {.sweep_directory = directory.string(),
                                 .device = allocation.device,
                                 .threads_per_rank = resources.threads_per_rank,
                                 .checkpoints = resources.checkpoints}},
          .limits = limits_on(allocation, resources),
          .timeouts = {.time_limit_seconds = time_limit(resources, allocation),
                       .is_end_of_job = is_end_of_job(resources, allocation),
                       .hang_seconds = options.hang_seconds},
          .has_own_cores = allocation.is_slurm_job()};
}

struct RunSummary {
  SweepLocation sweep;
  std::string how;
  TrialCounts counts;
  double seconds = 0;
  int exit_code = kExitDone;
  std::optional<ScheduleReport> schedule = {};  // when trials ran here
};

nlohmann::json schedule_json(const std::optional<ScheduleReport>& schedule) {
  if (!schedule) return nullptr;
  return {{"slots", schedule->slots},
          {"groups", schedule->groups},
          {"makespan_seconds", schedule->makespan_seconds},
          {"lower_bound_seconds", schedule->lower_bound_seconds},
          {"ratio", schedule->makespan_seconds / schedule->lower_bound_seconds}};
}

void print_schedule(const ScheduleReport& schedule, std::ostream& err) {
  fmt::print(err,
             "makespan {}, {:.2f} x the lower bound of {} for this work on {}; {}\n",
             format_duration(schedule.makespan_seconds),
             schedule.makespan_seconds / schedule.lower_bound_seconds,
             format_duration(schedule.lower_bound_seconds),
             counted(static_cast<std::size_t>(schedule.slots), "slot"),
             counted(static_cast<std::size_t>(schedule.groups), "worker group"));
}

void print_json(const RunSummary& summary, std::ostream& out) {
  const TrialCounts& counts = summary.counts;
  const nlohmann::json json{{"sweep", summary.sweep.name},
                            {"directory", summary.sweep.directory.string()},
                            {"database", results_database(summary.sweep.directory).string()},
                            {"end", summary.how},
                            {"trials",
                             {{"total", counts.total},
                              {"done", counts.done},
                              {"failed", counts.failed},
                              {"cancelled", counts.cancelled},
                              {"open", counts.open()},
                              {"vanished", counts.vanished}}},
                            {"seconds", summary.seconds},
                            {"schedule", schedule_json(summary.schedule)},
                            {"exit_code", summary.exit_code}};
  fmt::print(out, "{}\n", json_text(json, 2));
}

void print_summary(const RunSummary& summary, std::ostream& err) {
  const TrialCounts& counts = summary.counts;
  std::string text = fmt::format("{} done", counts.done);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.cancelled > 0) text += fmt::format(", {} cancelled", counts.cancelled);
  if (counts.open() > 0) text += fmt::format(", {} left", counts.open());
  if (counts.vanished > 0) text += fmt::format(", {} no longer in the sweep", counts.vanished);
  fmt::print(err,
             "{}: {} of {} after {}; results in {}\n",
             summary.how,
             text,
             counted(static_cast<std::size_t>(counts.total), "trial"),
             format_duration(summary.seconds),
             printable(results_database(summary.sweep.directory).string()));
  if (summary.schedule) print_schedule(*summary.schedule, err);
  if (counts.failed > 0) {
    fmt::print(err,
               "`headway status {0}` says what failed; `headway retry {0}` tries it again\n",
               printable(summary.sweep.directory.string()));
  }
}

struct Standing {
  TrialCounts counts = {};
  int fewest_ranks = 1;  // that every trial which waits can do with
};

/// Else each trial would fail by itself.
void expect_data_of_waiting_trials(const SweepSnapshot& snapshot) {
  std::set<CellId> cells;
  std::set<std::string> seen;
  for (const std::size_t index : snapshot.waiting()) {
    const PlannedTrial& trial = snapshot.plan().trials[index];
    if (!cells.insert(trial.cell_id).second) continue;
    const DatasetConfig dataset = trial.config().dataset;
    const std::string options = dataset.options.values().dump();
    if (seen.insert(fmt::format("{} {} {}", dataset.name, dataset.root, options)).second) {
      expect_data_files(dataset);
    }
  }
}

/// How the sweep stands before anything is started. A pause ends here: whoever runs a paused sweep
/// again has mended what was wrong.
Standing look_and_end_pause(const PreparedSweep& prepared, std::ostream& err) {
  const SweepLocation& sweep = prepared.location;
  SegmentWriter reports(sweep.directory, "supervisor");  // leaves no file unless it has a report
  SweepSnapshot snapshot(sweep.directory, {.plan = prepared.plan});
  snapshot.refresh(reports);
  Standing standing{.counts = snapshot.counts()};
  expect_data_of_waiting_trials(snapshot);
  for (const std::size_t index : snapshot.waiting()) {
    standing.fewest_ranks = std::max(standing.fewest_ranks, snapshot.ranks(index).fewest);
  }
  const auto error = standing.counts.open() > 0 ? snapshot.pausing_error() : std::nullopt;
  if (error) {
    SegmentWriter requests(sweep.directory, "command");
    reset_failures(*error, snapshot.state(), requests);
    fmt::print(err,
               "{} that ended by the same error will be tried anew ({}: {})\n",
               counted(error->trial_ids.size(), "trial"),
               error->failure,
               printable(error->message));
  }
  return standing;
}

int report_nothing_to_do(const RunOptions& options, RunSummary summary, VerbContext& context) {
  const TrialCounts& counts = summary.counts;
  summary.exit_code = counts.failed > 0 ? kExitFailed : kExitNothingToDo;
  const auto tell = [&context](const std::string& text) {
    fmt::print(context.err, "{}\n", printable(text, Newlines::kKeep));
  };
  StoreSync(context.program, std::filesystem::absolute(summary.sweep.directory), tell)
      .finish(kStoreSecondsWithoutWork);
  if (options.json) print_json(summary, context.out);
  if (counts.failed > 0) {
    print_summary(summary, context.err);
  } else {
    fmt::print(context.err,
               "nothing to do: {} of {} done{}; `headway {}\n",
               counts.done,
               counted(static_cast<std::size_t>(counts.total), "trial"),
               counts.cancelled > 0 ? fmt::format(", {} cancelled", counts.cancelled) : "",
               counts.done > 0
                   ? fmt::format("table {}` prints the results",
                                 printable(summary.sweep.directory.string()))
                   : fmt::format("retry {} --all` takes cancellations back", summary.sweep.name));
  }
  return summary.exit_code;
}

/// Signals have their usual effect again when it returns: who reads our output may let us wait.
SupervisorEnd supervise(const SupervisorOptions& work,
                        const Allocation& allocation,
                        RunSummary& summary,
                        std::ostream& err) {
  const auto launcher = make_launcher(allocation);
  ProgressDisplay display(err, standard_error_terminal());
  const auto supervisor =
      with_retries(err, [&] { return std::make_unique<Supervisor>(work, *launcher, display); });
  const SupervisorEnd end = supervisor->run();
  summary.how = end_text(end);
  summary.counts = supervisor->counts();
  const ScheduleReport schedule = supervisor->report();
  if (schedule.lower_bound_seconds > 0) summary.schedule = schedule;
  summary.exit_code = exit_code(end, summary.counts);
  return end;
}

}  // namespace

int run_sweep(const RunOptions& options, VerbContext& context) {
  const double started_at = monotonic_seconds();
  const UnblockedStandardError unblocked;
  const PreparedSweep sweep = with_retries(context.err, [&] {
    PreparedSweep prepared = prepare(options, context);
    tell_losses(prepared.location, context.err);
    return prepared;
  });
  report_unusable_temporary_directory(context.err);
  remove_leftovers(sweep.location.directory);
  AbandonedFilesRemoval abandoned_files(sweep.location.directory);
  RunSummary summary{.sweep = sweep.location, .how = "nothing to do", .counts = {}};
  note_distrusted_cache(context.err);
  note_missing_data_folder(context.err);
  const Standing standing =
      with_retries(context.err, [&] { return look_and_end_pause(sweep, context.err); });
  if (standing.counts.open() + standing.counts.vanished == 0) {
    summary.counts = standing.counts;
    abandoned_files.wait();
    return report_nothing_to_do(options, summary, context);
  }
  expect_places_of_sweep(sweep.location.directory);
  const std::filesystem::path worker = find_worker_program();
  const Allocation allocation = this_allocation(sweep.resources.device, worker);
  expect_gpu_per_rank(allocation, sweep.resources);
  SupervisorOptions work = supervisor_options(sweep, options, worker, allocation);
  work.headway = context.program;
  // The limit is that of the command: what it took to get here counts, too.
  if (auto& limit = work.timeouts.time_limit_seconds) *limit -= monotonic_seconds() - started_at;
  if (auto lack = lack_of_ranks(standing.fewest_ranks, work.limits)) throw ConfigError(*lack);
  const SupervisorEnd end = supervise(work, allocation, summary, context.err);
  remove_leftovers(sweep.location.directory);  // groups of a killed supervisor lived until now
  summary.seconds = monotonic_seconds() - started_at;
  if (options.json) print_json(summary, context.out);
  if (end != SupervisorEnd::kFolderGone) print_summary(summary, context.err);
  return summary.exit_code;
}

}  // namespace headway
