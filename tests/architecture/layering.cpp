#include "architecture/layering.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace headway {
namespace {

namespace fs = std::filesystem;

struct Include {
  std::string path;  // as written between the quotes or brackets
  int line = 0;
};

struct SourceFile {
  std::string name;    // relative to the root, e.g. "src/base/errors.h"
  std::string folder;  // "base", "cluster", "runner", "runner/worker", ...
  std::vector<Include> includes;
};

using SourceTree = std::map<std::string, SourceFile>;

// A folder may include folders of lower levels, its own files and sub-folders.
const std::map<std::string, int> kLevels = {{"base", 0},
                                            {"config", 1},
                                            {"models", 2},
                                            {"data", 2},
                                            {"comm", 2},
                                            {"training", 3},
                                            {"store", 3},
                                            {"scheduling", 3},
                                            {"analysis", 3},
                                            {"sweep", 4},
                                            {"cluster", 4},
                                            {"report", 4},
                                            {"runner/cli", 5},
                                            {"runner/doctor", 6},
                                            {"runner/completion", 6},
                                            {"runner/loopback", 0},
                                            {"runner/supervisor", 6},
                                            {"runner/worker", 6},
                                            {"runner/verbs", 7},
                                            {"runner", 8}};

const std::set<std::pair<std::string, std::string>> kAllowedBesides = {{"training", "analysis"}};

// Which folders may include a library's headers directly.
struct LibraryRule {
  std::string_view library;
  std::vector<std::string_view> prefixes;  // of the include's path
  std::set<std::string> folders;
  bool reaches_through_headers;  // forbidden also when another header brings it in
};

const std::vector<LibraryRule>& library_rules() {
  static const std::vector<LibraryRule> rules = {
      {"LibTorch",
       {"torch/", "ATen/", "c10/"},
       {"models", "training", "analysis", "comm", "runner/worker"},
       true},
      {"MPI", {"mpi.h"}, {"comm"}, true},
      {"NCCL", {"nccl.h"}, {"comm"}, false},
      {"CUDA", {"cuda.h", "cuda_", "cudnn", "cublas", "nvtx", "cub/"}, {"comm", "training"}, false},
      {"SQL", {"soci", "sqlite3"}, {"store"}, true},
      {"YAML", {"yaml-cpp/", "yaml.h"}, {"config"}, true},
  };
  return rules;
}

constexpr std::array<std::string_view, 4> kUmbrellaHeaders = {
    "torch/torch.h", "torch/all.h", "torch/extension.h", "ATen/ATen.h"};

bool is_source(const fs::path& path) {
  static const std::set<std::string> extensions = {".h", ".hpp", ".cpp", ".cc", ".cu", ".cuh"};
  return extensions.contains(path.extension().string());
}

std::vector<fs::path> sources_below(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_source(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<std::string> included_path(std::string_view line) {
  const auto skip_blanks = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  skip_blanks();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip_blanks();
  if (!line.starts_with("include")) return std::nullopt;
  line.remove_prefix(std::string_view("include").size());
  skip_blanks();
  if (!line.starts_with('"') && !line.starts_with('<')) return std::nullopt;
  const char closing = line.front() == '"' ? '"' : '>';
  const auto end = line.find(closing, 1);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(1, end - 1));
}

/// "src/store/segments/x.h" -> "store"; "runner/worker/x.h" -> "runner/worker".
std::string folder_of(const std::string& name) {
  std::string_view rest = name;
  if (rest.starts_with("src/")) rest.remove_prefix(4);
  std::size_t end = rest.find('/');
  if (rest.starts_with("runner/")) end = std::min(rest.find('/', end + 1), rest.size());
  const std::string folder(rest.substr(0, end));
  return folder.ends_with(".cpp") || folder.ends_with(".h") ? "runner" : folder;
}

SourceFile read_source(const fs::path& path, const fs::path& root) {
  SourceFile source;
  source.name = fs::relative(path, root).generic_string();
  source.folder = folder_of(source.name);
  std::ifstream stream(path);
  std::string text;
  for (int line = 1; std::getline(stream, text); ++line) {
    if (auto included = included_path(text)) source.includes.push_back({*included, line});
  }
  return source;
}

SourceTree read_tree(const fs::path& root) {
  SourceTree tree;
  for (const auto* top : {"src", "runner", "cluster"}) {
    for (const auto& path : sources_below(root / top)) {
      SourceFile source = read_source(path, root);
      tree.emplace(source.name, std::move(source));
    }
  }
  return tree;
}

/// The project's file that an include names, if it names one.
const SourceFile* resolve(const SourceTree& tree, const SourceFile& from, const std::string& path) {
  const auto beside = fs::path(from.name).parent_path() / path;
  for (const auto& candidate : {"src/" + path, path, beside.lexically_normal().generic_string()}) {
    if (const auto found = tree.find(candidate); found != tree.end()) return &found->second;
  }
  return nullptr;
}

std::string at(const SourceFile& source, const Include& include) {
  return source.name + ":" + std::to_string(include.line) + ": ";
}

bool may_include(const std::string& from, const std::string& to) {
  if (from == to || kAllowedBesides.contains({from, to})) return true;
  const auto below = kLevels.find(to);
  return below != kLevels.end() && below->second < kLevels.at(from);
}

void check_edges(const SourceTree& tree, const SourceFile& source, Violations& violations) {
  if (!kLevels.contains(source.folder)) {
    violations.push_back(source.name + ":1: folder '" + source.folder +
                         "' has no place in the dependency direction");
    return;
  }
  for (const auto& include : source.includes) {
    const SourceFile* target = resolve(tree, source, include.path);
    if (target == nullptr || may_include(source.folder, target->folder)) continue;
    violations.push_back(at(source, include) + "'" + source.folder + "' must not include '" +
                         target->folder + "' (found '" + include.path + "')");
  }
}

std::string parent_of(const std::string& name) {
  return fs::path(name).parent_path().generic_string();
}

bool is_within(const std::string& folder, const std::string& outer) {
  return folder == outer || folder.starts_with(outer + "/");
}

/// Which folders of one library include which others beside them. A folder and those in it are one:
/// they may include each other.
std::map<std::string, std::map<std::string, std::string>> edges_within_libraries(
    const SourceTree& tree) {
  std::map<std::string, std::map<std::string, std::string>> edges;  // from -> to -> where
  for (const auto& [name, source] : tree) {
    const std::string from = parent_of(name);
    for (const auto& include : source.includes) {
      const SourceFile* target = resolve(tree, source, include.path);
      if (target == nullptr || target->folder != source.folder) continue;
      const std::string to = parent_of(target->name);
      if (!is_within(from, to) && !is_within(to, from))
        edges[from].emplace(to, at(source, include));
    }
  }
  return edges;
}

void check_cycles(const SourceTree& tree, Violations& violations) {
  const auto edges = edges_within_libraries(tree);
  std::set<std::string> done;
  std::vector<std::string> path;
  const std::function<void(const std::string&)> visit = [&](const std::string& folder) {
    const auto begin = std::find(path.begin(), path.end(), folder);
    if (begin != path.end()) {
      std::string round;
      for (auto step = begin; step != path.end(); ++step) round += *step + " -> ";
      violations.push_back(edges.at(path.back()).at(folder) +
                           "folders include each other: " + round + folder);
      return;
    }
    const auto found = edges.find(folder);
    if (found == edges.end() || done.contains(folder)) return;
    path.push_back(folder);
    for (const auto& [to, where] : found->second) visit(to);
    path.pop_back();
    done.insert(folder);
  };
  for (const auto& [folder, targets] : edges) visit(folder);
}

bool names_library(const LibraryRule& rule, const std::string& path) {
  return std::any_of(rule.prefixes.begin(), rule.prefixes.end(), [&path](std::string_view prefix) {
    return path.starts_with(prefix);
  });
}

bool may_use(const LibraryRule& rule, const SourceFile& source) {
  const bool is_kernel = source.name.ends_with(".cu") || source.name.ends_with(".cuh");
  return rule.folders.contains(source.folder) || (rule.library == "CUDA" && is_kernel);
}

/// The library header that `source` includes, itself or through the project's headers: the chain of
/// names that leads to it, or "" when there is none.
std::string chain_to_library(const SourceTree& tree,
                             const SourceFile& source,
                             const LibraryRule& rule,
                             std::set<std::string>& visited) {
  if (!visited.insert(source.name).second) return {};
  for (const auto& include : source.includes) {
    if (names_library(rule, include.path)) return source.name + " -> " + include.path;
    const SourceFile* target = resolve(tree, source, include.path);
    if (target == nullptr || !rule.reaches_through_headers) continue;
    const std::string rest = chain_to_library(tree, *target, rule, visited);
    if (!rest.empty()) return source.name + " -> " + rest;
  }
  return {};
}

/// Folders above one that may use a library get at it through plain headers only: MPI, SQL and YAML
/// types must not leak into any header that others include, LibTorch not into folders free of it.
void check_libraries(const SourceTree& tree, const SourceFile& source, Violations& violations) {
  for (const auto& rule : library_rules()) {
    if (may_use(rule, source)) continue;
    std::set<std::string> visited;
    const std::string chain = chain_to_library(tree, source, rule, visited);
    if (chain.empty()) continue;
    violations.push_back(source.name + ":1: '" + source.folder + "' must stay free of " +
                         std::string(rule.library) + " (" + chain + ")");
  }
}

void check_umbrella_headers(const SourceFile& source, Violations& violations) {
  for (const auto& include : source.includes) {
    if (std::find(kUmbrellaHeaders.begin(), kUmbrellaHeaders.end(), include.path) ==
        kUmbrellaHeaders.end()) {
      continue;
    }
    violations.push_back(at(source, include) + "'" + include.path +
                         "' takes many seconds to compile; include the narrow header instead");
  }
}

}  // namespace

Violations layering_violations(const fs::path& root) {
  const SourceTree tree = read_tree(root);
  Violations violations;
  for (const auto& [name, source] : tree) {
    check_edges(tree, source, violations);
    check_libraries(tree, source, violations);
    check_umbrella_headers(source, violations);
  }
  check_cycles(tree, violations);
  return violations;
}

}  // namespace headway
