#include <fmt/format.h>

#include <utility>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "runner/completion/completion.h"

namespace headway {
namespace {

// A candidate that ends in "=" or "/" goes on, so no blank may follow it.

constexpr const char* kBash = R"~(# bash completion for headway: source <(headway completion bash)
_headway() {
  mapfile -t COMPREPLY < <("$1" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ ${COMPREPLY[0]:-} == *[=/] ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _headway headway
)~";

constexpr const char* kZsh = R"~(#compdef headway
_headway() {
  local -a found=("${(@f)$("$words[1]" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -Q -S '' -- ${(M)found:#*[=/]}
  compadd -Q -- ${found:#(|*[=/])}
}
if [[ $funcstack[1] == _headway ]]; then _headway "$@"; else compdef _headway headway; fi
)~";

constexpr const char* kFish = R"~(# fish completion for headway
function __headway_candidates
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..] 2>/dev/null
end
complete -c headway -f -a '(__headway_candidates)'
)~";

const std::vector<std::pair<std::string, const char*>> kScripts{
    {"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};

}  // namespace

const std::vector<std::string>& completed_shells() {
  static const std::vector<std::string> shells = [] {
    std::vector<std::string> names;
    for (const auto& [name, script] : kScripts) names.push_back(name);
    return names;
  }();
  return shells;
}

std::string completion_script(const std::string& shell) {
  for (const auto& [name, script] : kScripts) {
    if (name == shell) return script;
  }
  throw ConfigError(
      fmt::format("unknown shell '{}'{}", shell, suggestion(shell, completed_shells())));
}

}  // namespace headway
