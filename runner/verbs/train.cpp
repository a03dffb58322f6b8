#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>

#include "base/environment.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/process.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "base/unblocked_stderr.h"
#include "cluster/local/group_command.h"
#include "cluster/local/local_launcher.h"
#include "config/schema/rank_range.h"
#include "config/sweep/overrides.h"
#include "config/sweep/sweep.h"
#include "runner/cli/open_store.h"
#include "runner/cli/results_text.h"
#include "runner/cli/verb.h"
#include "runner/supervisor/place_check.h"
#include "store/manifest/manifest_lines.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "sweep/recorded_data.h"
#include "sweep/reports.h"

namespace headway {
namespace {

struct TrainOptions {
  std::string file;
  std::vector<std::string> overrides;
};

/// The folder's plan with `sweep`'s trial at its end: training one trial must not make those of a
/// sweep with the same name vanish.
Sweep extended_plan(const SweepManifest& plan, const Sweep& sweep) {
  Sweep extended{.name = plan.name,
                 .description = plan.description,
                 .trials = {},
                 .flags = plan.flags,
                 .notes = plan.notes,
                 .resources = plan.resources,
                 .slurm = plan.slurm,
                 .text = sweep.text};
  for (const PlannedTrial& trial : plan.trials) {
    extended.trials.push_back({trial.trial_id, trial.cell_id, trial.config()});
  }
  extended.trials.push_back(sweep.trials.front());
  return extended;
}

// The trial first, so that its data are looked for where it says.
void expect_data_of_sweep(const std::filesystem::path& directory,
                          const SweepManifest& plan,
                          const Sweep& sweep,
                          std::ostream& err) {
  std::vector<PlannedTrial> trials{planned_trial(sweep.trials.front())};
  for (const PlannedTrial& trial : plan.trials) {
    if (trial.trial_id != trials.front().trial_id) trials.push_back(trial);
  }
  expect_recorded_data(directory, trials, err);
}

void plan_trial(const std::filesystem::path& directory, const Sweep& sweep, std::ostream& err) {
  if (!is_there(SweepLayout(directory).trials_file())) {
    write_manifest(directory, sweep);
    return;
  }
  const SweepManifest plan = read_manifest(directory);
  expect_data_of_sweep(directory, plan, sweep, err);
  const TrialId& id = sweep.trials.front().trial_id;
  const bool is_planned =
      std::any_of(plan.trials.begin(), plan.trials.end(), [&](const PlannedTrial& trial) {
        return trial.trial_id == id;
      });
  if (!is_planned) write_manifest(directory, extended_plan(plan, sweep));
}

/// Whoever trains a trial by hand wants it tried whatever became of it before.
void reset_failures_of(const std::filesystem::path& directory, const TrialId& trial_id) {
  SweepState state(directory);
  state.refresh();
  const TrialHistory& record = state.trial(trial_id);
  const TrialState now = record.state();
  if (now != TrialState::kFailed && now != TrialState::kCancelled) return;
  SegmentWriter requests(directory, "command");
  request_retry(requests, trial_id, record);
}

TrialState state_of(const SweepLocation& sweep, const TrialId& trial_id) {
  SweepState state(sweep.directory);
  state.refresh();
  return state.trial(trial_id).state();
}

Program worker_of(const Sweep& sweep, const std::filesystem::path& directory) {
  const ResourcesConfig& resources = sweep.resources;
  const std::filesystem::path worker = find_worker_program();
  return group_program({.worker = worker,
                        .ranks = 1,  // of this launch: mpirun or srun started the others
                        .settings = {.sweep_directory = std::filesystem::absolute(directory),
                                     .group = fmt::format("train-{}", ::getpid()),
                                     .device = local_allocation(resources.device, worker).device,
                                     .threads_per_rank = resources.threads_per_rank,
                                     .checkpoints = resources.checkpoints,
                                     .only_trial = sweep.trials.front().trial_id,
                                     .verbose = true}});
}

int report_end(const SweepLocation& sweep,
               const TrialId& trial_id,
               const ForegroundEnd& end,
               VerbContext& context) {
  const TrialState state = state_of(sweep, trial_id);
  if (state == TrialState::kDone) {
    const TrialDetails details = trial_details(open_store(sweep, context.err), trial_id);
    fmt::print(context.out, "trial {} of sweep '{}' is done\n", trial_id, sweep.name);
    print_results(details.results, context.out);
    return kExitDone;
  }
  if (end.interrupted) return kExitInterrupted;
  if (end.exit_code == kExitYielded || end.exit_code == kExitUsage) return end.exit_code;
  const TrialRow trial = trial_details(open_store(sweep, context.err), trial_id).trial;
  fmt::print(context.err,
             "trial {} is {}{}{} (the worker ended with exit code {})\n",
             trial_id,
             trial.state,
             trial.failure.empty() ? "" : ", " + trial.failure,
             trial.message.empty() ? "" : ": " + printable(trial.message),
             end.exit_code);
  return kExitFailed;
}

/// What is for groups of `headway run` would be ignored here. Whatever else is wrong with
/// `overrides` is told by whoever loads the trial with them.
void refuse_settings_of_groups(const std::vector<std::string>& overrides) {
  struct Setting {
    const char* key;
    const char* instead;
  };
  static constexpr std::array<Setting, 3> kSettings{{
      {"resources.ranks", "for N ranks write `mpirun -np N headway train ...`"},
      {"resources.groups", "one group trains the trial; for several use `headway run`"},
      {"resources.time_limit", "write `timeout -s TERM TIME headway train ...`"},
  }};
  Problems told_later;
  const Overrides read = read_overrides(overrides, told_later);
  for (const Assignment& assignment : read.set_elsewhere) {
    for (const Setting& setting : kSettings) {
      if (!sets_key(assignment, setting.key)) continue;
      throw ConfigError(fmt::format("{}{} has no effect in `headway train`; {}",
                                    assignment.key_place.prefix(),
                                    setting.key,
                                    setting.instead));
    }
  }
}

int train(const TrainOptions& options, VerbContext& context) {
  refuse_settings_of_groups(options.overrides);
  const Sweep sweep = load_single_trial(options.file, options.overrides);
  const SweepLocation place{sweep.name, context.results_root / sweep.name.text()};
  const TrialId& trial_id = sweep.trials.front().trial_id;
  const LaunchedRank rank = launched_rank();
  std::optional<UnblockedStandardError> unblocked;
  if (rank.size == 1)
    unblocked.emplace();  // other ranks become workers, which see to it themselves
  expect_trainable_on(rank.size, sweep.trials.front().config.training);
  const Program worker = worker_of(sweep, place.directory);
  if (rank.rank == 0) {
    plan_trial(place.directory, sweep, context.err);
    if (state_of(place, trial_id) == TrialState::kDone) {
      fmt::print(context.err, "trial {} is done already; `headway show` has it\n", trial_id);
      if (rank.size == 1) return kExitNothingToDo;
    }
    expect_places_of_sweep(place.directory);
    reset_failures_of(place.directory, trial_id);
    fmt::print(context.err, "trial {} in {}\n", trial_id, printable(place.directory.string()));
  }
  if (rank.size > 1) become(worker);
  return report_end(place, trial_id, run_in_foreground(worker), context);
}

}  // namespace

template <>
void Verb<class TrainVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "train",
       .summary = "one trial in the foreground, alone or under mpirun or srun",
       .description =
           "FILE is a sweep file that expands to one trial, or one with a `trial:` section alone.\n"
           "Its record joins the sweep of that name under the results root. A trial that was\n"
           "interrupted goes on from its checkpoint; one that failed is tried again. Under mpirun\n"
           "or srun all ranks train this one trial; their number must divide training.shards, or\n"
           "with training.sync_batch_norm be equal to it.",
       .examples = {"headway train sweeps/quickstart.yaml head.name=dot class_vectors.learned=true "
                    "'sweep.seeds=[0]'",
                    "mpirun -np 2 headway train trial.yaml training.shards=2"}});
  const auto options = std::make_shared<TrainOptions>();
  verb.option("config", options->file, "trial or sweep file").type_name("FILE").required();
  verb.option("overrides", options->overrides, "changes to the file").type_name("KEY=VALUE");
  add_results_option(verb, context);
  verb.action([options, &context] { context.exit_code = train(*options, context); });
}

}  // namespace headway
