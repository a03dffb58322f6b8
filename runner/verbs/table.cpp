#include "store/tables/table.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "runner/cli/open_store.h"
#include "runner/cli/verb.h"
#include "store/tables/table_format.h"

namespace headway {
namespace {

struct TableOptions {
  std::string sweep;
  TableRequest request;
  std::string format = "text";
  bool json = false;
};

}  // namespace

template <>
void Verb<class TableVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "table",
       .summary = "final results, mean and standard deviation over seeds",
       .description =
           "One row per combination of the keys in --by (default: all that vary, seeds apart), one "
           "column per\n"
           "metric. A metric is SPLIT/NAME or a NAME, which stands for each split of --splits.\n"
           "Where training and a later evaluation recorded one, training's value counts;\n"
           "EVALUATION:SPLIT/NAME is that of the evaluation alone.\n"
           "Without SWEEP: the sweep that changed last.",
       .examples = {"headway table quickstart",
                    "headway table quickstart --by head.name,class_vectors.distribution --metrics "
                    "test/top1_accuracy,train/nc1_pinv",
                    "headway table quickstart --format latex > table.tex"}});
  const auto options = std::make_shared<TableOptions>();
  verb.option("sweep", options->sweep, "file, directory or name").type_name("SWEEP");
  verb.option("--by", options->request.by, "keys to group by").type_name("K,K").delimiter(',');
  verb.option("--metrics,--metric", options->request.metrics, "SPLIT/NAME or NAME")
      .type_name("M,M")
      .delimiter(',');
  verb.option("--splits,--split", options->request.splits, "for metrics without one")
      .type_name("S,S")
      .delimiter(',')
      .show_default();
  verb.option("--format", options->format, "of the output")
      .one_of({"text", "markdown", "csv", "latex", "html", "json"})
      .show_default();
  verb.flag("--json", options->json, "the same as --format json");
  add_results_option(verb, context);
  verb.action([options, &context] {
    const TableFormat format =
        options->json ? TableFormat::kJson : table_format_from_string(options->format);
    const SweepLocation sweep = find_sweep_or_newest(options->sweep, context.results_root);
    const Table table = make_table(open_store(sweep, context.err), options->request);
    fmt::print(context.out, "{}", format_table(table, format));
  });
}

}  // namespace headway
