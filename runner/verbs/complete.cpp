#include <fmt/ostream.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "runner/cli/verb.h"
#include "runner/completion/completion.h"

namespace headway {

template <>
void Verb<class CompleteVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb =
      add_verb(app,
               {.name = "__complete",
                .summary = "candidates for the last word of a command line, one per line",
                .description = "Asked by the scripts that `headway completion` prints.",
                .examples = {"headway __complete -- plan sweeps/quickstart.yaml head.name="},
                .is_hidden = true});
  const auto words = std::make_shared<std::vector<std::string>>();
  verb.words("words", *words, "behind --: those behind `headway`, up to the cursor")
      .type_name("WORD");
  verb.action([words, &app, &context] {
    for (const std::string& word : completion_candidates(app, *words, context.results_root)) {
      fmt::print(context.out, "{}\n", word);
    }
  });
}

}  // namespace headway
