#include "store/sql/fsck.h"
#include "base/text.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "runner/cli/verb.h"
#include "store/sql/results_store.h"
#include "sweep/location.h"

namespace headway {
namespace {

struct FsckArguments {
  std::string sweep;
  bool rebuild = false;
  bool quick = false;
  bool json = false;
};

nlohmann::json report_json(const FsckReport& report) {
  nlohmann::json problems = nlohmann::json::array();
  for (const FsckProblem& problem : report.problems) {
    problems.push_back(
        {{"where", problem.where}, {"message", problem.message}, {"damage", problem.is_damage}});
  }
  return {{"sound", report.is_sound()},
          {"segments", report.segments},
          {"records", report.records},
          {"trials", report.trials},
          {"artifacts", report.artifacts},
          {"problems", problems}};
}

void print_report(const FsckReport& report, std::ostream& out) {
  for (const FsckProblem& problem : report.problems) {
    fmt::print(out,
               "{}  {}: {}\n",
               problem.is_damage ? "damage" : "note  ",
               printable(problem.where),
               printable(problem.message));
  }
  fmt::print(out,
             "{}: {} segments, {} records, {} trials, {} weight files\n",
             report.is_sound() ? "sound" : "damaged",
             report.segments,
             report.records,
             report.trials,
             report.artifacts);
}

}  // namespace

template <>
void Verb<class FsckVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "fsck",
       .summary = "verify a sweep's files, or rebuild its results store",
       .description =
           "Checks every record of every segment, the plan, the results store against what the\n"
           "segments say, and weight files against their recorded hashes. Changes nothing, but\n"
           "--rebuild throws the results store away first and builds it anew from the segments.\n"
           "Exit code 4 when there is damage.",
       .examples = {"headway fsck results/quickstart", "headway fsck quickstart --rebuild"}});
  const auto options = std::make_shared<FsckArguments>();
  verb.option("sweep", options->sweep, "directory, name or file").type_name("SWEEP").required();
  verb.flag("--rebuild", options->rebuild, "build the results store anew");
  verb.flag("--quick", options->quick, "leave the weight files out");
  verb.flag("--json", options->json, "print JSON");
  add_results_option(verb, context);
  verb.action([options, &context] {
    const SweepLocation sweep = find_sweep(options->sweep, context.results_root);
    if (options->rebuild) ResultsStore::rebuild(sweep.directory);
    const FsckReport report = fsck(sweep.directory, {.check_artifacts = !options->quick});
    if (options->json) {
      fmt::print(context.out, "{}\n", report_json(report).dump(2));
    } else {
      print_report(report, context.out);
    }
    if (!report.is_sound()) context.exit_code = kExitStore;
  });
}

}  // namespace headway
