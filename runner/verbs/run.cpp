#include <fmt/format.h>
#include <fmt/ostream.h>

#include <memory>
#include <ostream>

#include "base/errors.h"
#include "base/text.h"
#include "config/schema/limits.h"
#include "config/yaml/scalars.h"
#include "runner/cli/verb.h"
#include "runner/supervisor/run_sweep.h"

namespace headway {
namespace {

struct CommandLine {
  RunOptions run;
  std::string time_limit;
  std::string hang_timeout;
};

double duration(const std::string& option, const std::string& text) {
  const auto seconds = parse_duration_seconds(text);
  if (!seconds) {
    throw ConfigError(
        fmt::format("{}: expected {}, found {}", option, kDurationExpected, in_quotes(text)));
  }
  return *seconds;
}

/// Both are heard: one by this run, the other by the sweep.
void note_twice_given(const CommandLine& line, std::ostream& err) {
  const auto note = [&](bool is_given, const std::string& option, const std::string& key) {
    for (const std::string& override : line.run.overrides) {
      if (!is_given || !override.starts_with(key + "=")) continue;
      fmt::print(err,
                 "note: {} counts for this run; {} becomes part of the sweep, for runs without "
                 "{}\n",
                 option,
                 in_quotes(override),
                 option);
    }
  };
  note(line.run.ranks.has_value(), "--ranks", "resources.ranks");
  note(line.run.groups.has_value(), "--groups", "resources.groups");
  note(!line.time_limit.empty(), "--time-limit", "resources.time_limit");
}

int run(const CommandLine& line, VerbContext& context) {
  RunOptions options = line.run;
  if (!line.time_limit.empty()) {
    options.time_limit_seconds = duration("--time-limit", line.time_limit);
  }
  if (!line.hang_timeout.empty()) {
    options.hang_seconds = duration("--hang-timeout", line.hang_timeout);
  }
  note_twice_given(line, context.err);
  return run_sweep(options, context);
}

}  // namespace

template <>
void Verb<class RunVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "run",
       .summary = "train a sweep's trials here, or in this Slurm job, until all are done",
       .description =
           "The same command resumes after any interruption, and a changed sweep file extends the\n"
           "sweep. Several of these may serve one sweep, also from several machines. Ctrl-C stops\n"
           "in order: running trials write a checkpoint; a second one kills them. When at least\n"
           "three trials, and more than half of those that ended, share one error and none is "
           "done\n"
           "or diverged, the sweep pauses; run again, it tries them anew. "
           "Exit\n"
           "codes: 0 all done, 1 some trials failed, the sweep paused or another run replaced its "
           "trials,\n"
           "3 nothing to do, 75 stopped by SIGTERM, SIGUSR2 or the end of a Slurm job's time, 124 "
           "time\n"
           "limit, 130 Ctrl-C.",
       .examples = {
           "headway run sweeps/quickstart.yaml",
           "headway run sweeps/quickstart.yaml training.epochs=2 optimizer.learning_rate=0.05,0.1",
           "headway run sweeps/quickstart.yaml --groups 1 --ranks 2 --time-limit 90m"}});
  const auto line = std::make_shared<CommandLine>();
  verb.option("sweep", line->run.sweep, "sweep file, or a planned sweep's name or folder")
      .type_name("SWEEP")
      .required();
  verb.option("overrides", line->run.overrides, "changes to the file").type_name("KEY=VALUE");
  add_results_option(verb, context);
  verb.option("--groups", line->run.groups, "worker groups side by side (default: as fit)")
      .type_name("N")
      .limited_to(kGroupCount);
  verb.option("--ranks", line->run.ranks, "ranks of a group (default: by load)")
      .type_name("N")
      .limited_to(kRankCount);
  verb.option(
          "--time-limit", line->time_limit, "stop in order before so much time is over, e.g. 90m")
      .type_name("TIME");
  verb.option("--hang-timeout",
              line->hang_timeout,
              "at most so long may a group stand still before it is hung (default: 15m); less "
              "once its trial's own pace is known")
      .type_name("TIME");
  verb.flag("--json", line->run.json, "print a summary as JSON at the end");
  verb.action([line, &context] { context.exit_code = run(*line, context); });
}

}  // namespace headway
