#include "runner/completion/completion.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <ostream>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "runner/cli/catalog_kinds.h"
#include "runner/cli/verb.h"

namespace headway {
namespace {

CompletionPoint point_of(const CLI::App& app, const std::string& path) {
  CompletionPoint point{.path = path, .words = {}};
  for (const CLI::App* verb : app.get_subcommands({})) point.words.push_back(verb->get_name());
  for (const CLI::Option* option : app.get_options({})) {
    const std::string type = option->get_type_name();
    if (option->get_positional()) {
      point.files |= type == "FILE" || type == "SWEEP";
      point.sweeps |= type == "SWEEP";
    }
    for (const std::string& name : option->get_lnames()) point.words.push_back("--" + name);
  }
  return point;
}

void collect(const CLI::App& app, const std::string& path, Completions& completions) {
  completions.points.push_back(point_of(app, path));
  for (const CLI::App* verb : app.get_subcommands({})) {
    collect(*verb, path.empty() ? verb->get_name() : path + " " + verb->get_name(), completions);
  }
}

CompletionPoint& point_at(Completions& completions, const std::string& path) {
  const auto found = std::find_if(completions.points.begin(),
                                  completions.points.end(),
                                  [&](const CompletionPoint& point) { return point.path == path; });
  expects(found != completions.points.end(), "completion knows no verb " + path);
  return *found;
}

/// `headway list KIND NAME`.
void add_catalog(Completions& completions) {
  std::vector<std::string> kinds;
  for (const CatalogKind& kind : catalog_kinds()) {
    kinds.push_back(kind.name);
    completions.points.push_back({.path = "list " + kind.name, .words = entry_names(kind)});
    if (!kind.key.empty()) completions.key_values[kind.key] = entry_names(kind);
  }
  auto& words = point_at(completions, "list").words;
  words.insert(words.begin(), kinds.begin(), kinds.end());
}

const std::vector<std::string> kShells{"bash", "zsh", "fish"};

std::string script_for(const std::string& shell, const Completions& completions) {
  if (shell == "bash") return bash_completion(completions);
  if (shell == "zsh") return zsh_completion(completions);
  if (shell == "fish") return fish_completion(completions);
  throw ConfigError(fmt::format("unknown shell '{}'{}", shell, suggestion(shell, kShells)));
}

}  // namespace

Completions completions(const CLI::App& app) {
  Completions result;
  collect(app, "", result);
  add_catalog(result);
  point_at(result, "completion")
      .words.insert(point_at(result, "completion").words.begin(), kShells.begin(), kShells.end());
  std::vector<std::string> suites;
  for (const ComponentSpec& suite : catalog(Family::kSuite)) suites.push_back(suite.name);
  result.option_values["--suite"] = suites;
  result.option_values["--device"] = {"auto", "cpu", "cuda"};
  result.option_values["--split"] = {"train", "validation", "test"};
  result.option_values["--format"] = {"text", "markdown", "csv", "latex", "html", "json", "jsonl"};
  return result;
}

void add_completion_command(CLI::App& app, VerbContext& context) {
  CLI::App& verb = add_verb(
      app,
      {.name = "completion",
       .summary = "a script that teaches a shell to complete headway's command line",
       .description =
           "SHELL is bash, zsh or fish. Completes verbs, options, sweeps, and the names that a\n"
           "sweep file's keys take (head.name=...).",
       .examples = {"source <(headway completion bash)",
                    "headway completion zsh > ~/.zfunc/_headway",
                    "headway completion fish > ~/.config/fish/completions/headway.fish"}});
  const auto shell = std::make_shared<std::string>();
  verb.add_option("shell", *shell, "bash, zsh or fish")->type_name("SHELL")->required();
  verb.callback([shell, &app, &context] {
    fmt::print(context.out, "{}", script_for(*shell, completions(app)));
  });
}

}  // namespace headway
