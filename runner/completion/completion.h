#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace headway {

/// What may follow some words of the command line.
struct CompletionPoint {
  std::string path;                // "", "list", "list heads", "export weights"
  std::vector<std::string> words;  // verbs, options and known names
  bool files = false;              // sweep files fit here
  bool sweeps = false;             // names of sweeps fit here
};

/// All that a shell needs to know to complete `headway`.
struct Completions {
  std::vector<CompletionPoint> points;
  std::map<std::string, std::vector<std::string>> option_values;  // "--format" -> its choices
  std::map<std::string, std::vector<std::string>> key_values;     // "head.name" -> known heads
};

Completions completions(const CLI::App& app);

std::string bash_completion(const Completions& completions);
std::string zsh_completion(const Completions& completions);
std::string fish_completion(const Completions& completions);

}  // namespace headway
