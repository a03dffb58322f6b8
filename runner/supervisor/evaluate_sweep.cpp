#include "runner/supervisor/evaluate_sweep.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/unblocked_stderr.h"
#include "cluster/worker_command.h"
#include "cluster/workplace.h"
#include "config/schema/catalog.h"
#include "runner/cli/open_store.h"
#include "runner/supervisor/abandoned_files.h"
#include "runner/supervisor/evaluation_supervisor.h"
#include "runner/supervisor/leftovers.h"
#include "runner/supervisor/place_check.h"
#include "runner/supervisor/with_retries.h"
#include "store/segments/segment_writer.h"
#include "store/sql/results_store.h"
#include "sweep/location.h"

namespace headway {
namespace {

/// What an evaluation of a sweep comes to before anything is started.
struct EvaluationPlan {
  SweepLocation sweep;
  ResourcesConfig resources;
  std::vector<PlannedTrial> wanted;  // of those that were asked for: done, so there are weights
  std::vector<TrialId> open;         // of these: to be evaluated
  std::vector<TrialId> repeated;     // of `open`: by request, what was recorded is replaced
  std::int64_t not_trained = 0;
  bool on_gpu = false;  // some of `open` were trained on one
};

std::string path_of(const EvaluationPlan& plan) {
  return plan.sweep.directory.string();
}

std::vector<TrialId> full_ids(const EvaluateSweepOptions& options,
                              const SweepLocation& sweep,
                              const VerbContext& context) {
  std::vector<TrialId> ids;
  for (const std::string& trial : options.trials) {
    ids.push_back(locate_trial(trial, sweep.directory.string(), context.results_root).trial_id);
  }
  return ids;
}

EvaluationPlan plan_evaluation(const EvaluateSweepOptions& options, const VerbContext& context) {
  component(Family::kSuite, options.suite);  // names the nearest when there is none
  EvaluationPlan plan;
  plan.sweep = find_sweep(options.sweep, context.results_root);
  expect_folder_in_utf8(plan.sweep.directory);
  tell_losses(plan.sweep, context.err);
  plan.resources = read_manifest(plan.sweep.directory).resources;
  const auto ids = full_ids(options, plan.sweep, context);
  auto trials = trials_to_evaluate(plan.sweep.directory, ids);
  EvaluationState state(plan.sweep.directory, options.suite, trials);
  state.refresh();
  for (PlannedTrial& trial : trials) {
    const TrialId id = trial.trial_id;
    const EvaluationStatus status = state.status(id);
    if (status == EvaluationStatus::kNotTrained) {
      ++plan.not_trained;
      continue;
    }
    plan.wanted.push_back(std::move(trial));
    const bool is_repeated = status == EvaluationStatus::kFailedForGood ||
                             (status == EvaluationStatus::kDone && options.again);
    if (is_repeated) plan.repeated.push_back(id);
    if (!is_repeated && status == EvaluationStatus::kDone) continue;
    plan.open.push_back(id);
    plan.on_gpu = plan.on_gpu || state.trial(id).training.last_attempt()->device == "cuda";
  }
  return plan;
}

std::string what_is_left_out(const EvaluationPlan& plan) {
  if (plan.not_trained == 0) return "";
  return fmt::format("; {} not done, and not evaluated",
                     counted(static_cast<std::size_t>(plan.not_trained), "trial"));
}

nlohmann::json plan_json(const EvaluationPlan& plan, const EvaluateSweepOptions& options) {
  return {{"sweep", plan.sweep.name},
          {"directory", path_of(plan)},
          {"suite", options.suite},
          {"trials",
           {{"total", plan.wanted.size()},
            {"to_evaluate", plan.open.size()},
            {"not_done", plan.not_trained}}},
          {"open", plan.open}};
}

int report_nothing_to_do(const EvaluationPlan& plan,
                         const EvaluateSweepOptions& options,
                         VerbContext& context) {
  if (options.json) {
    nlohmann::json json = plan_json(plan, options);
    json["end"] = "nothing to do";
    json["exit_code"] = kExitNothingToDo;
    fmt::print(context.out, "{}\n", json_text(json, 2));
  }
  if (plan.wanted.empty()) {
    fmt::print(context.err,
               "nothing to do: no trial of sweep '{}' that was asked for is done; `headway run {}` "
               "trains\n",
               plan.sweep.name,
               printable(path_of(plan)));
    return kExitNothingToDo;
  }
  fmt::print(context.err,
             "nothing to do: '{}' of {} is recorded{}; `headway show TRIAL` prints it, --again "
             "computes it anew\n",
             options.suite,
             counted(plan.wanted.size(), "finished trial"),
             what_is_left_out(plan));
  return kExitNothingToDo;
}

int print_plan(const EvaluationPlan& plan,
               const EvaluateSweepOptions& options,
               VerbContext& context) {
  if (options.json) {
    fmt::print(context.out, "{}\n", json_text(plan_json(plan, options), 2));
    return kExitDone;
  }
  TextColumns columns({{"trial"}, {"cell"}, {"seed", Align::kRight}, {"why"}});
  for (const PlannedTrial& trial : plan.wanted) {
    if (std::ranges::find(plan.open, trial.trial_id) == plan.open.end()) continue;
    const bool repeated = std::ranges::find(plan.repeated, trial.trial_id) != plan.repeated.end();
    columns.add({trial.trial_id,
                 trial.cell_id,
                 std::to_string(trial.seed),
                 repeated ? "again" : "not recorded"});
  }
  columns.print(context.out);
  fmt::print(context.err,
             "would evaluate '{}' of {} of {}{}\n",
             options.suite,
             plan.open.size(),
             counted(plan.wanted.size(), "finished trial"),
             what_is_left_out(plan));
  return kExitDone;
}

/// What became of them so far no longer counts; results stay until there are new ones. Asked twice
/// it is asked once. How many they are.
std::size_t request_anew(const EvaluationPlan& plan, const std::string& suite) {
  if (plan.repeated.empty()) return 0;
  EvaluationState state(plan.sweep.directory, suite);
  state.refresh();
  SegmentWriter requests(plan.sweep.directory, "command");
  for (const TrialId& id : plan.repeated) {
    requests.append(
        EvaluationRequested{.trial_id = id,
                            .evaluation = suite,
                            .through_claim = state.trial(id).evaluation.highest_attempt()},
        Flush::kNow);
  }
  return plan.repeated.size();
}

EvaluationSupervisorOptions supervisor_options(const EvaluationPlan& plan,
                                               const EvaluateSweepOptions& options,
                                               const Allocation& allocation,
                                               const std::filesystem::path& worker) {
  const auto threads = plan.resources.threads_per_rank;
  const auto asked = options.groups ? options.groups : plan.resources.groups;
  const auto slots = static_cast<std::int64_t>(allocation.slots(static_cast<int>(threads)));
  const auto directory = std::filesystem::absolute(plan.sweep.directory);
  EvaluationSupervisorOptions result{
      .sweep_directory = directory,
      .sweep = plan.sweep.name,
      .suite = options.suite,
      .trials = plan.wanted,
      .group = {.worker = worker,
                .settings = {.sweep_directory = directory.string(),
                             .device = options.device,
                             .threads_per_rank = threads,
                             .checkpoints = plan.resources.checkpoints,
                             .suite = options.suite}},
      .groups = static_cast<int>(std::min(asked.value_or(slots), std::max(slots, std::int64_t{1}))),
      .timeouts = {.time_limit_seconds = allocation.seconds_left,
                   .is_end_of_job = allocation.is_slurm_job()}};
  // Without a list, a group serves the whole plan.
  if (options.trials.empty()) return result;
  for (const PlannedTrial& trial : plan.wanted) {
    result.group.settings.trials.push_back(trial.trial_id);
  }
  return result;
}

struct EvaluationSummary {
  std::string how;
  TrialCounts counts;
  double seconds = 0;
  int exit_code = kExitDone;
};

void print_summary(const EvaluationSummary& summary,
                   const EvaluationPlan& plan,
                   const EvaluateSweepOptions& options,
                   const VerbContext& context) {
  const TrialCounts& counts = summary.counts;
  if (options.json) {
    nlohmann::json json = plan_json(plan, options);
    json.erase("open");
    json["trials"] = {{"total", counts.total},
                      {"done", counts.done},
                      {"failed", counts.failed},
                      {"open", counts.open()},
                      {"not_done", plan.not_trained}};
    json["end"] = summary.how;
    json["seconds"] = summary.seconds;
    json["exit_code"] = summary.exit_code;
    fmt::print(context.out, "{}\n", json_text(json, 2));
  }
  std::string text = fmt::format("'{}' of {} recorded", options.suite, counts.done);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.open() > 0) text += fmt::format(", {} left", counts.open());
  fmt::print(context.err,
             "{}: {} of {} after {}{}; results in {}\n",
             summary.how,
             text,
             counted(static_cast<std::size_t>(counts.total), "finished trial"),
             format_duration(summary.seconds),
             what_is_left_out(plan),
             printable(results_database(plan.sweep.directory).string()));
}

}  // namespace

int evaluate_sweep(const EvaluateSweepOptions& options, VerbContext& context) {
  const double started_at = monotonic_seconds();
  const UnblockedStandardError unblocked;
  const EvaluationPlan plan =
      with_retries(context.err, [&] { return plan_evaluation(options, context); });
  if (plan.open.empty()) return report_nothing_to_do(plan, options, context);
  if (options.dry_run) return print_plan(plan, options, context);
  expect_places_of_evaluation(plan.sweep.directory, options.suite);
  ProgressDisplay display(context.err, standard_error_terminal());
  const auto worker = find_worker_program();
  const std::string device = options.device == "auto" && !plan.on_gpu ? "cpu" : options.device;
  const Allocation allocation = this_allocation(device, worker);
  const auto launcher = make_launcher(allocation);
  report_unusable_temporary_directory(context.err);
  remove_leftovers(plan.sweep.directory);
  const AbandonedFilesRemoval abandoned_files(plan.sweep.directory);
  with_retries(context.err, [&] { return request_anew(plan, options.suite); });
  EvaluationSupervisorOptions work = supervisor_options(plan, options, allocation, worker);
  work.headway = context.program;
  const auto supervisor = with_retries(context.err, [&] {
    return std::make_unique<EvaluationSupervisor>(work, *launcher, display);
  });
  const SupervisorEnd end = supervisor->run();
  remove_leftovers(plan.sweep.directory);
  EvaluationSummary summary;
  summary.how = end_text(end);
  summary.counts = supervisor->counts();
  summary.seconds = monotonic_seconds() - started_at;
  summary.exit_code = exit_code(end, summary.counts);
  if (end != SupervisorEnd::kFolderGone) print_summary(summary, plan, options, context);
  return summary.exit_code;
}

}  // namespace headway
