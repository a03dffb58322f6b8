#include "runner/completion/completion.h"

#include <fmt/ostream.h>

#include <memory>
#include <ostream>

#include "runner/cli/verb.h"

namespace headway {

template <>
void Verb<class CompletionVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "completion",
       .summary = "a script that teaches a shell to complete headway's command line",
       .description =
           "Completes verbs, options, sweeps, trial ids, keys of a sweep file and the names that\n"
           "these take (head.name=...), also those of components that were added since.",
       .examples = {"source <(headway completion bash)",
                    "headway completion zsh > ~/.zfunc/_headway",
                    "headway completion fish > ~/.config/fish/completions/headway.fish"}});
  const auto shell = std::make_shared<std::string>();
  verb.option("shell", *shell, "whose script").one_of(completed_shells()).required();
  verb.action([shell, &context] { fmt::print(context.out, "{}", completion_script(*shell)); });
}

}  // namespace headway
