#include "runner/completion/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <sstream>

#include "base/sweep_layout.h"
#include "runner/cli/catalog_kinds.h"
#include "runner/cli/verb.h"
#include "runner/completion/key_values.h"
#include "store/manifest/sweep_manifest.h"
#include "sweep/location.h"

namespace headway {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// The command line up to the cursor, read as far as completion needs.
struct Cursor {
  const CLI::App* verb;
  Words arguments = {};                  // positional ones before the cursor, of `verb`
  const CLI::Option* waiting = nullptr;  // an option whose value comes next
  std::string sweep = {};                // value of --sweep
  std::optional<fs::path> results_root = {};
  std::string current = {};  // the word at the cursor
};

/// Takes several words for one where bash has split it at "="; `split` becomes what of the last one
/// stands before the cursor's own word.
Words joined_at_equals(const Words& words, std::string& split) {
  Words joined;
  bool glue = false;
  for (const std::string& word : words) {
    if ((glue || word == "=") && !joined.empty()) {
      split = joined.back() + (word == "=" ? "=" : "");
      joined.back() += word;
    } else {
      split.clear();
      joined.push_back(word);
    }
    glue = word == "=";
  }
  return joined;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

const CLI::Option* option_named(const CLI::App& verb, const std::string& name) {
  return verb.get_option_no_throw(name);
}

void take_value(Cursor& cursor, const CLI::Option& option, const std::string& value) {
  if (option.check_lname("results")) cursor.results_root = value;
  if (option.check_lname("sweep")) cursor.sweep = value;
}

void take_word(Cursor& cursor, const std::string& word) {
  if (cursor.waiting != nullptr) {
    take_value(cursor, *std::exchange(cursor.waiting, nullptr), word);
    return;
  }
  if (word.size() > 1 && word.front() == '-') {
    const auto equals = word.find('=');
    const CLI::Option* option = option_named(*cursor.verb, word.substr(0, equals));
    if (option == nullptr || !takes_value(*option)) return;
    if (equals == std::string::npos) {
      cursor.waiting = option;
    } else {
      take_value(cursor, *option, word.substr(equals + 1));
    }
    return;
  }
  const CLI::App* verb = find_verb(*cursor.verb, word);
  if (verb != nullptr && cursor.arguments.empty()) {
    cursor.verb = verb;
  } else {
    cursor.arguments.push_back(word);
  }
}

/// The option whose value a positional word at the cursor would be; the last one takes all that are
/// left when it may.
const CLI::Option* positional_at(const Cursor& cursor) {
  const CLI::Option* last = nullptr;
  std::size_t place = 0;
  for (const CLI::Option* option : cursor.verb->get_options({})) {
    if (!option->get_positional()) continue;
    if (option->check_lname("sweep") && !cursor.sweep.empty()) continue;  // given by --sweep
    last = option;
    if (place++ == cursor.arguments.size()) return option;
  }
  const bool takes_many = last != nullptr && last->get_items_expected_max() > 1;
  return takes_many ? last : nullptr;
}

Words sweep_names(const fs::path& results_root) {
  Words names;
  for (const SweepLocation& sweep : all_sweeps(results_root)) names.push_back(sweep.name);
  return names;
}

/// Of the sweep that the command line names, else of the newest.
Words trial_ids(const Cursor& cursor, const fs::path& results_root) {
  std::optional<SweepLocation> sweep;
  Words named = cursor.arguments;
  if (!cursor.sweep.empty()) named.insert(named.begin(), cursor.sweep);
  for (const std::string& name : named) {
    try {
      if (!sweep) sweep = find_sweep(name, results_root);
    } catch (const std::exception&) {
      continue;  // no sweep, but another argument
    }
  }
  if (!sweep) sweep = newest_sweep(results_root);
  Words ids;
  if (!sweep) return ids;
  for (const PlannedTrial& trial : read_manifest(sweep->directory).trials) {
    ids.push_back(trial.trial_id);
  }
  return ids;
}

enum class Files { kAll, kSweepFiles, kFolders };

Words file_names(const std::string& current, Files wanted) {
  const auto slash = current.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : current.substr(0, slash + 1);
  const bool hidden_too = current.substr(folder.size()).starts_with('.');
  Words names;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, unreadable)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && !hidden_too) continue;
    std::error_code gone;
    if (entry.is_directory(gone)) {
      names.push_back(folder + name + "/");
    } else if (wanted == Files::kAll || (wanted == Files::kSweepFiles && names_sweep_file(name))) {
      names.push_back(folder + name);
    }
  }
  return names;
}

Words with_prefix(const std::string& prefix, const Words& words, const std::string& suffix = "") {
  Words result;
  for (const std::string& word : words) result.push_back(prefix + word + suffix);
  return result;
}

/// Behind the last comma of what is typed so far.
Words listed(const std::string& current, const Words& values) {
  const auto comma = current.rfind(',');
  return comma == std::string::npos ? values : with_prefix(current.substr(0, comma + 1), values);
}

/// KEY=VALUE, KEY=A,B, ~KEY: an override of a sweep file.
Words overrides(const std::string& current) {
  if (current.starts_with('~')) return with_prefix("~", value_keys(/*trial_only=*/true));
  const auto equals = current.find('=');
  if (equals == std::string::npos) return with_prefix("", value_keys(false), "=");
  const std::string key = current.substr(0, equals);
  return with_prefix(key + "=", listed(current.substr(equals + 1), values_of_key(key)));
}

Words catalog_names(const Cursor& cursor) {
  for (const CatalogKind& kind : catalog_kinds()) {
    if (!cursor.arguments.empty() && kind.name == cursor.arguments.front()) {
      return entry_names(kind);
    }
  }
  return {};
}

Words kind_names() {
  Words names;
  for (const CatalogKind& kind : catalog_kinds()) names.push_back(kind.name);
  return names;
}

Words split_at(const std::string& text, char separator) {
  Words parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// By the name of the type, as help shows it: checks append theirs behind a colon.
Words values(const CLI::Option& option, const Cursor& cursor, const fs::path& results_root) {
  const std::string name = option.get_type_name();
  const std::string type = name.substr(0, name.find(':'));
  if (type.find('|') != std::string::npos) return split_at(type, '|');
  if (type == "SWEEP") {
    Words names = sweep_names(results_root);
    if (&option == cursor.waiting) return names;
    const Words files = file_names(cursor.current, Files::kSweepFiles);
    names.insert(names.end(), files.begin(), files.end());
    return names;
  }
  if (type == "TRIAL") return trial_ids(cursor, results_root);
  if (type == "KEY=VALUE") return overrides(cursor.current);
  if (type == "KIND") return kind_names();
  if (type == "NAME") return catalog_names(cursor);
  if (type == "K,K") return listed(cursor.current, value_keys(/*trial_only=*/true));
  if (type == "M,M") return listed(cursor.current, entry_names(catalog_kind("metrics")));
  if (type == "S,S") return listed(cursor.current, {"train", "validation", "test"});
  if (type == "DIR") return file_names(cursor.current, Files::kFolders);
  if (type == "FILE") {
    return file_names(cursor.current, option.get_positional() ? Files::kSweepFiles : Files::kAll);
  }
  return {};
}

Words all_candidates(const Cursor& cursor, const fs::path& results_root) {
  if (cursor.waiting != nullptr) return values(*cursor.waiting, cursor, results_root);
  const std::string& current = cursor.current;
  if (current.starts_with('-')) {
    const auto equals = current.find('=');
    if (equals == std::string::npos) return long_options(*cursor.verb);
    const CLI::Option* option = option_named(*cursor.verb, current.substr(0, equals));
    if (option == nullptr) return {};
    Cursor behind = cursor;
    behind.current = current.substr(equals + 1);
    return with_prefix(current.substr(0, equals + 1), values(*option, behind, results_root));
  }
  if (Words verbs = verb_names(*cursor.verb); !verbs.empty()) return verbs;
  const CLI::Option* positional = positional_at(cursor);
  if (positional != nullptr) return values(*positional, cursor, results_root);
  return current.empty() ? long_options(*cursor.verb) : Words{};
}

}  // namespace

std::vector<std::string> completion_candidates(const CLI::App& app,
                                               const std::vector<std::string>& words,
                                               const std::filesystem::path& results_root) {
  std::string split;
  const Words joined = joined_at_equals(words, split);
  Cursor cursor{.verb = &app};
  if (!joined.empty()) {
    for (std::size_t i = 0; i + 1 < joined.size(); ++i) take_word(cursor, joined[i]);
    cursor.current = joined.back();
  }
  Words fitting;
  for (const std::string& word :
       all_candidates(cursor, cursor.results_root.value_or(results_root))) {
    if (word.starts_with(cursor.current)) fitting.push_back(word.substr(split.size()));
  }
  std::sort(fitting.begin(), fitting.end());
  fitting.erase(std::unique(fitting.begin(), fitting.end()), fitting.end());
  return fitting;
}

}  // namespace headway
