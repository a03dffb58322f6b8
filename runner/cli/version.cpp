#include "runner/cli/version.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/build_info.h"

namespace headway {

std::string version_text() {
  const BuildInfo build = build_info();
  return fmt::format(
      "headway {} ({}, {}, {})\n"
      "results store: SQLite {} through SOCI\n"
      "command line: CLI11 {}; JSON: nlohmann-json {}.{}.{}; text: fmt {}.{}.{}\n"
      "LibTorch, Open MPI, NCCL and CUDA are in headway-worker: `headway-worker --version`",
      build.version,
      build.git_revision,
      build.build_type,
      build.compiler,
      HEADWAY_SQLITE_VERSION,
      CLI11_VERSION,
      NLOHMANN_JSON_VERSION_MAJOR,
      NLOHMANN_JSON_VERSION_MINOR,
      NLOHMANN_JSON_VERSION_PATCH,
      FMT_VERSION / 10000,
      FMT_VERSION / 100 % 100,
      FMT_VERSION % 100);
}

}  // namespace headway
