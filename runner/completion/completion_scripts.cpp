#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "runner/completion/completion.h"

// Words are names of verbs, options and components: letters, digits, '-', '_', '.', so that quotes
// around them are all the quoting there is.

namespace headway {
namespace {

constexpr const char* kBashHead =
    R"~(# bash completion for headway: source <(headway completion bash)
_headway_sweeps() {
  local file
  for file in "${HEADWAY_RESULTS:-results}"/*/trials.jsonl; do
    [[ -e $file ]] || continue
    file=${file%/trials.jsonl}
    printf '%s\n' "${file##*/}"
  done
}

_headway() {
  local current=${COMP_WORDS[COMP_CWORD]} previous='' key='' words='' files='' sweeps=''
  ((COMP_CWORD > 0)) && previous=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $current == '=' ]]; then
    key=$previous current=''
  elif [[ $previous == '=' ]]; then
    key=${COMP_WORDS[COMP_CWORD - 2]}
  fi
)~";

constexpr const char* kBashTail = R"~(  [[ -n $sweeps ]] && words+=" $(_headway_sweeps)"
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  local -a found=()
  if [[ $files == sweep_files && $current != -* ]]; then
    mapfile -t found < <(compgen -f -X '!*.@(yaml|yml)' -- "$current"; compgen -d -- "$current")
  elif [[ $files == all ]]; then
    mapfile -t found < <(compgen -f -- "$current")
  fi
  if ((${#found[@]})); then
    compopt -o filenames 2>/dev/null || true
    COMPREPLY+=("${found[@]}")
  fi
}
complete -F _headway headway
)~";

constexpr const char* kZshHead = R"~(#compdef headway
# zsh completion for headway: headway completion zsh > a folder of $fpath, as _headway
_headway() {
  local current=$words[CURRENT] previous=$words[CURRENT-1]
  local -a candidates
  local files='' sweeps=''
  case $current in
)~";

constexpr const char* kZshTail = R"~(  if [[ -n $sweeps ]]; then
    candidates+=(${HEADWAY_RESULTS:-results}/*/trials.jsonl(N:h:t))
  fi
  compadd -- $candidates
  if [[ -n $files ]]; then _files -g '*.(yaml|yml)'; fi
}
if [[ $funcstack[1] == _headway ]]; then _headway "$@"; else compdef _headway headway; fi
)~";

constexpr const char* kFishHead =
    R"~(# fish completion for headway: headway completion fish > ~/.config/fish/completions/headway.fish
function __headway_sweeps
  set -l root results
  set -q HEADWAY_RESULTS; and set root $HEADWAY_RESULTS
  for file in $root/*/trials.jsonl
    basename (dirname $file)
  end
end
function __headway_at
  set -l words (commandline -opc)
  set -e words[1]
  set -l plain
  for word in $words
    string match -q -- '-*' $word; or set -a plain $word
  end
  test "$plain[1..$argv[1]]" = "$argv[2]"
end
complete -c headway -f
)~";

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::size_t depth(const std::string& path) {
  if (path.empty()) return 0;
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), ' ')) + 1;
}

/// Longest paths first: of several patterns a shell takes the first that fits.
std::vector<CompletionPoint> deepest_first(std::vector<CompletionPoint> points) {
  std::stable_sort(
      points.begin(), points.end(), [](const CompletionPoint& a, const CompletionPoint& b) {
        return depth(a.path) > depth(b.path);
      });
  return points;
}

std::string pattern(const std::string& path) {
  return path.empty() ? "*" : fmt::format("'{} '*", path);
}

std::string assignments(const CompletionPoint& point) {
  return fmt::format(
      "{}{}", point.files ? " files=sweep_files" : "", point.sweeps ? " sweeps=1" : "");
}

}  // namespace

std::string bash_completion(const Completions& completions) {
  std::string text = kBashHead;
  text += "  case $key in\n";
  for (const auto& [key, values] : completions.key_values) {
    text += fmt::format("    {}) words='{}' ;;\n", key, joined(values));
  }
  text += "  esac\n  case $previous in\n";
  for (const auto& [option, values] : completions.option_values) {
    text += fmt::format("    {}) words='{}' ;;\n", option, joined(values));
  }
  text += "    --results | --out) files=all ;;\n    --sweep) sweeps=1 ;;\n  esac\n";
  text += "  if [[ -z $words$files$sweeps ]]; then\n";
  text += "    case \"${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n";
  for (const CompletionPoint& point : deepest_first(completions.points)) {
    text += fmt::format("      {}) words='{}'{} ;;\n",
                        pattern(point.path),
                        joined(point.words),
                        assignments(point));
  }
  text += "    esac\n  fi\n";
  return text + kBashTail;
}

std::string zsh_completion(const Completions& completions) {
  std::string text = kZshHead;
  for (const auto& [key, values] : completions.key_values) {
    text +=
        fmt::format("    {0}=*) compset -P '*='; compadd -- {1}; return ;;\n", key, joined(values));
  }
  text += "  esac\n  case $previous in\n";
  for (const auto& [option, values] : completions.option_values) {
    text += fmt::format("    {}) compadd -- {}; return ;;\n", option, joined(values));
  }
  text += "    --results) _files -/; return ;;\n    --out) _files; return ;;\n";
  text += "  esac\n  case \"${words[2,CURRENT-1]} \" in\n";
  for (const CompletionPoint& point : deepest_first(completions.points)) {
    text += fmt::format("    {}) candidates=({}){} ;;\n",
                        pattern(point.path),
                        joined(point.words),
                        assignments(point));
  }
  return text + "  esac\n" + kZshTail;
}

std::string fish_completion(const Completions& completions) {
  std::string text = kFishHead;
  for (const CompletionPoint& point : completions.points) {
    const std::string condition =
        fmt::format("__headway_at {} \"{}\"", depth(point.path), point.path);
    const bool is_root = point.path.empty();
    const std::string when = is_root ? "__fish_use_subcommand" : condition;
    text += fmt::format("complete -c headway -n '{}' -a '{}'\n", when, joined(point.words));
    if (point.sweeps)
      text += fmt::format("complete -c headway -n '{}' -a '(__headway_sweeps)'\n", when);
    if (point.files) text += fmt::format("complete -c headway -n '{}' -F\n", when);
  }
  for (const auto& [option, values] : completions.option_values) {
    text += fmt::format("complete -c headway -l {} -x -a '{}'\n", option.substr(2), joined(values));
  }
  for (const auto& [key, values] : completions.key_values) {
    std::vector<std::string> words;
    for (const std::string& value : values) words.push_back(key + "=" + value);
    text +=
        fmt::format("complete -c headway -n '__fish_seen_subcommand_from plan run train' -a '{}'\n",
                    joined(words));
  }
  return text;
}

}  // namespace headway
