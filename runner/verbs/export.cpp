#include <fmt/format.h>
#include <fmt/ostream.h>

#include <fstream>
#include <ostream>
#include <span>
#include <sstream>

#include "base/errors.h"
#include "base/files.h"
#include "base/output_file.h"
#include "base/process.h"
#include "base/sweep_layout.h"
#include "base/text.h"
#include "base/weights_file.h"
#include "cluster/worker_command.h"
#include "runner/cli/open_store.h"
#include "runner/cli/trial_selection.h"
#include "runner/cli/verb.h"
#include "store/sql/best_weights.h"
#include "store/sql/queries.h"
#include "store/tables/exporters.h"

namespace headway {
namespace {

struct ExportRequest {
  std::string trial;
  std::string sweep;
  std::string split = "test";
  std::string device = "auto";
  std::string format = "csv";
  std::filesystem::path output;
  bool force = false;
  bool best = false;
  bool include_vanished = false;
};

void refuse_to_overwrite(const ExportRequest& request) {
  const OutputPlace place = output_place(request.output);
  const bool is_lost = place == OutputPlace::kFile || place == OutputPlace::kDisk;
  if (!is_lost || request.force) return;
  throw ConfigError(
      fmt::format("{} exists; --force overwrites it", in_quotes(request.output.string())));
}

/// "model.safetensors", or "standard output", for messages.
std::string output_name(const ExportRequest& request) {
  if (output_place(request.output) == OutputPlace::kStandardOutput) return "standard output";
  return printable(request.output.string());
}

/// A finished trial's file, and the hash that its record tells.
struct FinalWeights {
  std::filesystem::path file;
  std::string recorded;
};

FinalWeights final_weights(const TrialLocation& trial, std::ostream& err) {
  const TrialRow row = trial_details(open_store(trial.sweep, err), trial.trial_id).trial;
  auto file = SweepLayout(trial.sweep.directory).weights(trial.trial_id);
  if (is_there(file)) return {std::move(file), row.weights_sha256};
  const std::string name = fmt::format("trial {} of sweep '{}'", trial.trial_id, trial.sweep.name);
  if (row.state == "done") {
    throw StoreError(
        fmt::format("the final weights of {} are gone ('{}' is missing); put the file back, or "
                    "train the trial anew in a sweep of another name",
                    name,
                    file.string()));
  }
  if (row.failure == "diverged") {
    throw ConfigError(fmt::format("{} has no final weights: it diverged", name));
  }
  throw ConfigError(
      fmt::format("{} has no final weights yet ('{}' is missing)", name, file.string()));
}

std::filesystem::path best_weights_file(const TrialLocation& trial) {
  auto file = SweepLayout(trial.sweep.directory).best_weights(trial.trial_id);
  if (is_there(file)) return file;
  throw ConfigError(fmt::format(
      "trial {} of sweep '{}' has no best weights ('{}' is missing); they are kept when "
      "resources.keep_best_checkpoint is true before it is trained",
      trial.trial_id,
      trial.sweep.name,
      file.string()));
}

/// Trials of earlier versions may have ended so without being recorded as diverged.
void report_not_finite(const SafetensorsFile& weights, std::ostream& err) {
  for (const NamedTensor& tensor : weights.tensors()) {
    const std::int64_t lost = count_not_finite(tensor);
    if (lost == 0) continue;
    const auto values = static_cast<std::int64_t>(tensor.bytes.size() / dtype_bytes(tensor.dtype));
    fmt::print(err,
               "warning: {} of {} values of '{}' are not finite\n",
               lost,
               values,
               printable(tensor.name));
  }
}

// What was hashed is what is written: both are the same mapping of the file.
void write_file(const ExportRequest& request, std::span<const std::byte> bytes) {
  write_output(request.output, [&](int fd) {
    write_all(
        fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, output_name(request));
  });
}

void export_final_weights(const ExportRequest& request, VerbContext& context) {
  const TrialLocation trial = locate_trial(request.trial, request.sweep, context.results_root);
  const auto [source, recorded] = final_weights(trial, context.err);
  const SafetensorsFile weights = open_weights(source, trial.trial_id, recorded);
  write_file(request, weights.bytes());
  report_not_finite(weights, context.err);
  fmt::print(context.err, "{}: weights of trial {}\n", output_name(request), trial.trial_id);
}

void export_best_weights(const ExportRequest& request, VerbContext& context) {
  const TrialLocation trial = locate_trial(request.trial, request.sweep, context.results_root);
  const auto source = best_weights_file(trial);
  const SafetensorsFile weights = open_weights(source, trial.trial_id, "");
  const BestWeights best = place_of_best(weights, source);
  expect_recorded(best, open_store(trial.sweep, context.err), trial.trial_id, source);
  write_file(request, weights.bytes());
  report_not_finite(weights, context.err);
  fmt::print(context.err,
             "{}: weights of trial {} after epoch {}, validation accuracy {}\n",
             output_name(request),
             trial.trial_id,
             best.epoch,
             best.accuracy);
}

void export_weights(const ExportRequest& request, VerbContext& context) {
  refuse_to_overwrite(request);
  request.best ? export_best_weights(request, context) : export_final_weights(request, context);
}

void export_features(const ExportRequest& request, VerbContext& context) {
  refuse_to_overwrite(request);
  const TrialLocation trial = locate_trial(request.trial, request.sweep, context.results_root);
  // Says better than the worker could that the trial is not done, or its weights are not its own.
  const auto [source, recorded] = final_weights(trial, context.err);
  open_weights(source, trial.trial_id, recorded);
  const ForegroundEnd end = run_in_foreground({.command = {find_worker_program().string(),
                                                           "features",
                                                           "--sweep-dir",
                                                           trial.sweep.directory.string(),
                                                           "--trial",
                                                           trial.trial_id,
                                                           "--split",
                                                           request.split,
                                                           "--device",
                                                           request.device,
                                                           "--out",
                                                           request.output.string()}});
  context.exit_code = end.interrupted ? kExitInterrupted : end.exit_code;
  if (context.exit_code != 0) return;
  fmt::print(context.err,
             "{}: {} features of trial {}\n",
             output_name(request),
             request.split,
             trial.trial_id);
}

void export_table(ExportKind kind, const ExportRequest& request, VerbContext& context) {
  const ExportOptions options{.format = export_format_from_string(request.format),
                              .include_vanished = request.include_vanished};
  const SweepLocation sweep = find_sweep_or_newest(request.sweep, context.results_root);
  if (request.output.empty() || request.output == "-") {
    export_rows(open_store(sweep, context.err), kind, options, context.out);
    return;
  }
  refuse_to_overwrite(request);
  std::ostringstream text;
  export_rows(open_store(sweep, context.err), kind, options, text);
  write_output(request.output, [&](int fd) { write_all(fd, text.str(), output_name(request)); });
}

using Request = std::shared_ptr<ExportRequest>;

Arguments add_file_export(const Arguments& verb, const VerbHelp& help, const Request& request) {
  const Arguments what = add_verb(verb.app(), help);
  add_trial_of_sweep(what, request->trial, request->sweep);
  what.option("--out", request->output, "file to write; - is standard output")
      .type_name("FILE")
      .required();
  what.flag("--force", request->force, "overwrite the file");
  return what;
}

Arguments add_table_export(const Arguments& verb, const std::string& name, const Request& request) {
  const Arguments what =
      add_verb(verb.app(),
               {.name = name,
                .summary = fmt::format("the results store's table `{}`", name),
                .description = "All rows at full precision, on standard output or into a file.",
                .examples = {fmt::format(
                    "headway export {} quickstart --format csv --out {}.csv", name, name)}});
  what.option("sweep", request->sweep, "file, directory or name").type_name("SWEEP");
  what.option("--format", request->format, "of the rows")
      .one_of({"csv", "json", "jsonl"})
      .show_default();
  what.option("--out", request->output, "file to write; - is standard output").type_name("FILE");
  what.flag("--all", request->include_vanished, "also trials that left the plan");
  what.flag("--force", request->force, "overwrite the file");
  return what;
}

void add_trial_exports(const Arguments& verb, const Request& request, VerbContext& context) {
  const Arguments weights = add_file_export(
      verb,
      {.name = "weights",
       .summary = "a finished trial's parameters and buffers, as safetensors",
       .description = "Hashes them first: weights that are not those of the trial's record\n"
                      "are not handed on (exit code 4). Warns of values that are not finite.\n"
                      "Names are PyTorch's.",
       .examples = {"headway export weights 3f2a --out model.safetensors",
                    "headway export weights 3f2a --best --out best.safetensors"}},
      request);
  weights.flag("--best",
               request->best,
               "those of the epoch that validated best (resources.keep_best_checkpoint)");
  weights.action([request, &context] { export_weights(*request, context); });
  add_results_option(weights, context);

  const Arguments features = add_file_export(
      verb,
      {.name = "features",
       .summary = "a finished trial's features, labels, logits and class vectors",
       .description = "Runs the trained encoder over one split, in the precision that it was\n"
                      "trained in, as safetensors.",
       .examples = {"headway export features 3f2a --split test --out features.safetensors"}},
      request);
  const std::vector<std::string> splits{"train", "validation", "test"};
  features.option("--split", request->split, "of the data set").only_one_of(splits).show_default();
  const std::vector<std::string> devices{"auto", "cpu", "cuda"};
  features.option("--device", request->device, "auto: as trained, where possible")
      .only_one_of(devices)
      .show_default();
  features.action([request, &context] { export_features(*request, context); });
  add_results_option(features, context);
}

}  // namespace

template <>
void Verb<class ExportVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb =
      add_verb(app,
               {.name = "export",
                .summary = "weights, features and raw tables for other programs",
                .description = "Files are written whole or not at all, and never over another "
                               "without --force: then what a\n"
                               "link leads to is replaced, and its mode kept. Pipes and devices "
                               "are written into; - is\n"
                               "standard output.",
                .examples = {"headway export weights 3f2a --out model.safetensors",
                             "headway export metrics quickstart --format csv --out metrics.csv"}});
  verb.require_verb();
  const auto request = std::make_shared<ExportRequest>();
  add_trial_exports(verb, request, context);
  for (const std::string& name : export_kinds()) {
    const Arguments table = add_table_export(verb, name, request);
    table.action([request, &context, kind = export_kind_from_string(name)] {
      export_table(kind, *request, context);
    });
    add_results_option(table, context);
  }
}

}  // namespace headway
