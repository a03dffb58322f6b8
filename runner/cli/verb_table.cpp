#include "base/component_list.h"
#include "runner/cli/verb.h"

namespace headway {
// clang-format off: one line per verb
// In the order of the help. To add a verb: write verbs/<name>.cpp, then name it here.
using Verbs = ComponentList<class ListVerb,
                            class PlanVerb,
                            class RunVerb,
                            class RetryVerb,
                            class CancelVerb,
                            class InterruptVerb,
                            class TrainVerb,
                            class EvaluateVerb,
                            class StatusVerb,
                            class WhyVerb,
                            class ShowVerb,
                            class LogsVerb,
                            class TableVerb,
                            class ExportVerb,
                            class FsckVerb,
                            class DoctorVerb,
                            class CompletionVerb,
                            class CompleteVerb,
                            class SyncVerb>;
// clang-format on

void add_verbs(CLI::App& app, VerbContext& context) {
  for (auto* add : Verbs::collect([]<typename Name>() { return &Verb<Name>::add; })) {
    add(app, context);
  }
}

}  // namespace headway
