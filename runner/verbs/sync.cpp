#include <fmt/ostream.h>

#include <memory>
#include <ostream>
#include <string>

#include "runner/cli/verb.h"
#include "store/sql/results_store.h"
#include "sweep/location.h"

namespace headway {
namespace {

struct SyncArguments {
  std::string sweep;
  bool last = false;
};

void bring_up_to_date(const std::filesystem::path& sweep_directory, bool last) {
  ResultsStore store(sweep_directory);
  store.serve_readers();
  store.sync();
  if (last) store.settle();
}

/// kExitStore is for damage alone: it does not pass by itself.
int sync(const SyncArguments& arguments, const VerbContext& context) {
  try {
    bring_up_to_date(find_sweep(arguments.sweep, context.results_root).directory, arguments.last);
    return kExitDone;
  } catch (const DatabaseError& error) {
    fmt::print(context.err, "{}\n", error.what());
    return error.kind() == SqlErrorKind::kDamaged ? kExitStore : kExitFailed;
  }
}

}  // namespace

template <>
void Verb<class SyncVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(app,
                                  {.name = "__sync",
                                   .summary = "bring a sweep's results store up to date",
                                   .description = "Started by `headway run` again and again.",
                                   .examples = {"headway __sync results/quickstart"},
                                   .is_hidden = true});
  const auto arguments = std::make_shared<SyncArguments>();
  verb.option("sweep", arguments->sweep, "directory, name or file").type_name("SWEEP").required();
  verb.flag("--last", arguments->last, "nobody will write it again soon: leave it as one file");
  add_results_option(verb, context);
  verb.action([arguments, &context] { context.exit_code = sync(*arguments, context); });
}

}  // namespace headway
