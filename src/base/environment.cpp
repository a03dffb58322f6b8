#include "base/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/temporary_files.h"

namespace headway {

std::optional<std::string> environment_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::filesystem::path default_results_root() {
  return environment_variable("HEADWAY_RESULTS").value_or("results");
}

std::filesystem::path cache_directory() {
  if (const auto own = environment_variable("HEADWAY_CACHE")) return *own;
  if (const auto xdg = environment_variable("XDG_CACHE_HOME")) {
    return std::filesystem::path(*xdg) / "headway";
  }
  if (const auto home = environment_variable("HOME")) {
    return std::filesystem::path(*home) / ".cache" / "headway";
  }
  return any_temporary_directory() / ("headway-cache-" + std::to_string(::geteuid()));
}

std::optional<std::filesystem::path> data_directory() {
  const auto value = environment_variable("HEADWAY_DATA");
  return value ? std::optional<std::filesystem::path>(*value) : std::nullopt;
}

std::vector<std::int64_t> emulated_nodes() {
  std::vector<std::int64_t> nodes;
  std::istringstream words(environment_variable("HEADWAY_TEST_NODES").value_or(""));
  for (std::string word; std::getline(words, word, ',');) nodes.push_back(std::atoll(word.c_str()));
  return nodes;
}

bool no_color() {
  return environment_variable("NO_COLOR").has_value();
}

LaunchedRank launched_rank() {
  struct Names {
    const char* rank;
    const char* size;
  };
  for (const auto& [rank, size] : {Names{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   Names{"PMIX_RANK", "SLURM_STEP_NUM_TASKS"}}) {
    const auto own = environment_variable(rank);
    const auto all = environment_variable(size);
    if (own && all) return {std::atoi(own->c_str()), std::atoi(all->c_str())};
  }
  return {};
}

}  // namespace headway
