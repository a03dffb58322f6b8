#include <fmt/ostream.h>

#include <ostream>

#include "runner/cli/verb.h"
#include "runner/completion/completion.h"

namespace headway {

template <>
void Verb<class CompleteVerb>::add(CLI::App& app, VerbContext& context) {
  CLI::App& verb =
      add_verb(app,
               {.name = "__complete",
                .summary = "candidates for the last word of a command line, one per line",
                .description = "Asked by the scripts that `headway completion` prints.",
                .examples = {"headway __complete -- plan sweeps/quickstart.yaml head.name="},
                .is_hidden = true});
  verb.prefix_command();
  verb.callback([&app, &verb, &context] {
    std::vector<std::string> words = verb.remaining();
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
    for (const std::string& word : completion_candidates(app, words, context.results_root)) {
      fmt::print(context.out, "{}\n", word);
    }
  });
}

}  // namespace headway
