#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

#include "base/environment.h"
#include "base/errors.h"
#include "base/exit_code.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/standard_streams.h"
#include "base/sweep_layout.h"
#include "base/unblocked_stderr.h"
#include "config/yaml/section_reader.h"
#include "runner/worker/stack_traces.h"
#include "runner/worker/stop_request.h"
#include "runner/worker/worker_verbs.h"
#include "scheduling/claims/supervisors.h"
#include "training/step/resident_memory.h"

namespace headway {
namespace {

struct CommandLine {
  std::string settings;  // of the group, as JSON
  FeatureOptions features;
};

/// ConfigError when `text` is not what a supervisor writes.
GroupSettings read_settings(const std::string& text) {
  try {
    return section_from_json<GroupSettings>(parse_json(text), "settings");
  } catch (const nlohmann::json::parse_error& error) {
    throw ConfigError("settings: " + std::string(error.what()));
  }
}

void add_device(CLI::App& verb, std::string& device) {
  verb.add_option("--device", device, "auto (as trained, where possible), cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
}

void add_features(CLI::App& app, CommandLine& line) {
  CLI::App& verb = *app.add_subcommand("features", "write a finished trial's features to a file");
  verb.add_option("--sweep-dir", line.features.sweep_directory, "the sweep's folder")->required();
  verb.add_option_function<std::string>(
          "--trial",
          [&line](const std::string& id) { line.features.trial = TrialId(id); },
          "trial id")
      ->required();
  verb.add_option("--split", line.features.split, "train, validation or test");
  verb.add_option("--out", line.features.output, "safetensors file")->required();
  add_device(verb, line.features.device);
  verb.callback([&line] { export_features(line.features); });
}

LifelineWatch lifeline_of(const GroupSettings& settings, int rank) {
  const SweepLayout sweep(settings.sweep_directory);
  if (!settings.has_lifeline) {
    return {.sweep_folder = WatchedFolder(sweep.root()), .stop_seconds = settings.stop_seconds};
  }
  const auto root = settings.suite.empty() ? sweep.root() : sweep.evaluation(settings.suite);
  return {.follows_parent = true,
          .reads_standard_input = rank == 0,
          .supervisor = supervisor_process(root, GroupName(settings.group)),
          .sweep_folder = WatchedFolder(sweep.root()),
          .stop_seconds = settings.stop_seconds};
}

int evaluate_alone(const std::string& settings_text) {
  const GroupSettings settings = read_settings(settings_text);
  start_logging(0, 1);
  watch_stop_signals();
  watch_fatal_signals();
  watch_lifeline(lifeline_of(settings, /*rank=*/0));
  return evaluate(settings);
}

int serve_on_all_ranks(const std::string& settings_text) {
  const GroupSettings settings = read_settings(settings_text);
  const LaunchedRank place = launched_rank();
  start_logging(place.rank, place.size);
  watch_stop_signals();
  watch_fatal_signals();
  watch_lifeline(lifeline_of(settings, place.rank));
  std::optional<UnblockedStandardError> unblocked;
  if (settings.verbose) unblocked.emplace();  // else it is a file
  if (place.size == 1) {
    const auto alone = make_single_process_communicator();
    return serve(settings, *alone);
  }
  MpiSession session;
  try {
    const auto comm = make_mpi_communicator(session);
    return serve(settings, *comm);
  } catch (const std::exception& error) {  // the other ranks wait for this one
    log_error("{}", error.what());
    unblocked.reset();
    abort_all_ranks(1);
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Trains headway's trials; started by `headway run` and `headway train`"};
  app.set_version_flag("--version", version_text);
  app.require_subcommand(1);
  CommandLine line;
  int exit_code = 0;
  const auto add_group_verb = [&](const char* name, const char* summary, auto run) {
    CLI::App& verb = *app.add_subcommand(name, summary);
    verb.add_option("settings", line.settings, "JSON with the keys of cluster/group_settings.h")
        ->type_name("JSON")
        ->required();
    verb.callback([&line, &exit_code, run] { exit_code = run(line.settings); });
  };
  add_group_verb("serve", "train trials of a sweep until nothing suits", serve_on_all_ranks);
  add_group_verb("evaluate", "evaluate finished trials until none is left", evaluate_alone);
  add_features(app, line);
  app.add_subcommand("info", "what this build and this machine offer, as JSON")
      ->callback(print_info);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(kExitUsage);
  }
  return exit_code;
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  headway::open_standard_streams();
  headway::keep_memory_resident();  // before the first tensor
  // cuBLAS repeats its bits only so, and PyTorch refuses to be deterministic without it.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  try {
    return headway::run(argc, argv);
  } catch (const headway::ConfigError& error) {
    headway::log_error("{}", error.what());
    return headway::kExitUsage;
  } catch (const std::exception& error) {
    headway::log_error("{}", error.what());
    return headway::kExitFailed;
  }
}
