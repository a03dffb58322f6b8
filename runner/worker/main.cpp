#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "base/environment.h"
#include "base/errors.h"
#include "base/logging.h"
#include "runner/worker/commands.h"
#include "runner/worker/stack_traces.h"
#include "runner/worker/stop_request.h"
#include "training/step/resident_memory.h"

namespace headway {
namespace {

constexpr int kUsage = 2;

struct CommandLine {
  ServeOptions serve;
  FeatureOptions features;
  EvaluateOptions evaluate;
  bool lifeline = false;
};

void add_checkpoints(CLI::App& verb, CheckpointSettings& checkpoints) {
  verb.add_option("--checkpoint-seconds", checkpoints.seconds, "a checkpoint at least this often")
      ->check(CLI::PositiveNumber);
  verb.add_option("--checkpoint-steps", checkpoints.steps, "a checkpoint after so many steps too")
      ->check(CLI::PositiveNumber);
  verb.add_option(
          "--checkpoint-epochs", checkpoints.epochs, "a checkpoint after so many epochs too")
      ->check(CLI::PositiveNumber);
  verb.add_flag("--keep-best-checkpoint",
                checkpoints.keep_best,
                "keep the weights of the epoch with the best validation accuracy");
}

void add_serve(CLI::App& app, CommandLine& line, std::function<void()> run) {
  CLI::App& verb = *app.add_subcommand("serve", "train trials of a sweep until nothing suits");
  verb.add_option("--sweep-dir", line.serve.sweep_directory, "the sweep's folder")->required();
  verb.add_option("--group", line.serve.group, "this group's name in claims and records")
      ->required();
  verb.add_option("--device", line.serve.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  verb.add_option("--threads", line.serve.threads, "threads of each rank")
      ->check(CLI::PositiveNumber);
  add_checkpoints(verb, line.serve.checkpoints);
  verb.add_option("--trial", line.serve.only_trial, "only this trial");
  verb.add_option("--time-limit-seconds",
                  line.serve.time_limit_seconds,
                  "checkpoint and leave before so much time is over");
  verb.add_flag("--lifeline", line.lifeline, "leave when standard input ends");
  verb.add_flag("--verbose", line.serve.verbose, "tell of each epoch on standard error");
  verb.callback(std::move(run));
}

void add_device(CLI::App& verb, std::string& device) {
  verb.add_option("--device", device, "auto (as trained, where possible), cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
}

void add_features(CLI::App& app, CommandLine& line) {
  CLI::App& verb = *app.add_subcommand("features", "write a finished trial's features to a file");
  verb.add_option("--sweep-dir", line.features.sweep_directory, "the sweep's folder")->required();
  verb.add_option("--trial", line.features.trial, "trial id")->required();
  verb.add_option("--split", line.features.split, "train, validation or test");
  verb.add_option("--out", line.features.output, "safetensors file")->required();
  add_device(verb, line.features.device);
  verb.callback([&line] { export_features(line.features); });
}

int evaluate_alone(const CommandLine& line) {
  start_logging(0, 1);
  watch_stop_signals();
  watch_fatal_signals();
  if (line.lifeline) watch_lifeline();
  return evaluate(line.evaluate);
}

void add_evaluate(CLI::App& app, CommandLine& line, std::function<void()> run) {
  CLI::App& verb =
      *app.add_subcommand("evaluate", "evaluate finished trials of a sweep until none is left");
  verb.add_option("--sweep-dir", line.evaluate.sweep_directory, "the sweep's folder")->required();
  verb.add_option("--suite", line.evaluate.suite, "what to measure")->required();
  verb.add_option("--group", line.evaluate.group, "this group's name in claims and records")
      ->required();
  add_device(verb, line.evaluate.device);
  verb.add_option("--trial", line.evaluate.trials, "only these trials");
  verb.add_flag("--lifeline", line.lifeline, "leave when standard input ends");
  verb.callback(std::move(run));
}

int serve_on_all_ranks(const CommandLine& line) {
  const LaunchedRank place = launched_rank();
  start_logging(place.rank, place.size);
  watch_stop_signals();
  watch_fatal_signals();
  if (line.lifeline && place.rank == 0) watch_lifeline();
  if (place.size == 1) {
    const auto alone = make_single_process_communicator();
    return serve(line.serve, *alone);
  }
  MpiSession session;
  try {
    const auto comm = make_mpi_communicator(session);
    return serve(line.serve, *comm);
  } catch (const std::exception& error) {  // the other ranks wait for this one
    log_error("{}", error.what());
    abort_all_ranks(1);
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Trains headway's trials; started by `headway run` and `headway train`"};
  app.set_version_flag("--version", version_text);
  app.require_subcommand(1);
  CommandLine line;
  int exit_code = 0;
  add_serve(app, line, [&] { exit_code = serve_on_all_ranks(line); });
  add_features(app, line);
  add_evaluate(app, line, [&] { exit_code = evaluate_alone(line); });
  app.add_subcommand("info", "what this build and this machine offer, as JSON")
      ->callback(print_info);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return exit_code;
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  headway::keep_memory_resident();  // before the first tensor
  // cuBLAS repeats its bits only so, and PyTorch refuses to be deterministic without it.
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  try {
    return headway::run(argc, argv);
  } catch (const headway::ConfigError& error) {
    headway::log_error("{}", error.what());
    return 2;
  } catch (const std::exception& error) {
    headway::log_error("{}", error.what());
    return 1;
  }
}
