#include <memory>
#include <string>
#include <vector>

#include "config/schema/catalog.h"
#include "runner/cli/verb.h"
#include "runner/supervisor/evaluate_sweep.h"

namespace headway {

template <>
void Verb<class EvaluateVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "evaluate",
       .summary = "measure more of trials that are done, without training them again",
       .description =
           "Loads the final weights of each finished trial and records what the suite finds of "
           "it,\n"
           "beside what training recorded; `headway list suites` says what there is. Each trial "
           "is\n"
           "evaluated as it was trained: same data, precision, threads and kind of device, so "
           "that\n"
           "values equal those that training would have recorded. The same command resumes; what "
           "is\n"
           "recorded is left out, and what failed is tried again. Several of these may serve one\n"
           "sweep, also from several machines. Exit codes: 0 all done, 1 some trials failed, 3 "
           "nothing\n"
           "to do, 75 stopped by SIGTERM or SIGUSR2, 130 Ctrl-C.",
       .examples = {"headway evaluate quickstart --suite calibration --dry-run",
                    "headway evaluate quickstart --suite calibration",
                    "headway evaluate quickstart --suite geometry --trial 3f2a --again"}});
  const auto options = std::make_shared<EvaluateSweepOptions>();
  verb.option("sweep,--sweep", options->sweep, "sweep file, or a sweep's name or folder")
      .type_name("SWEEP")
      .required();
  std::vector<std::string> suites;
  for (const ComponentSpec& suite : catalog(Family::kSuite)) suites.push_back(suite.name);
  verb.option("--suite", options->suite, "what to measure: see `headway list suites`")
      .one_of(suites)
      .required();
  verb.option("--trial", options->trials, "only these trials: ids or their beginnings")
      .type_name("TRIAL");
  verb.option("--device", options->device, "auto (as trained, where possible), cpu or cuda")
      .only_one_of({"auto", "cpu", "cuda"})
      .show_default();
  verb.option("--groups", options->groups, "trials side by side (default: as fit)")
      .type_name("N")
      .limited_to(kGroupCount);
  verb.flag("--dry-run", options->dry_run, "say which trials would be evaluated");
  verb.flag("--again", options->again, "also those that have it: compute it anew");
  verb.flag("--json", options->json, "print JSON: the plan, or a summary at the end");
  add_results_option(verb, context);
  verb.action([options, &context] { context.exit_code = evaluate_sweep(*options, context); });
}

}  // namespace headway
