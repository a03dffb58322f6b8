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
#include "cluster/local/group_command.h"
#include "runner/cli/open_store.h"
#include "runner/cli/verb.h"
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

std::filesystem::path weights_file(const TrialLocation& trial) {
  auto file = SweepLayout(trial.sweep.directory).weights(trial.trial_id);
  if (is_there(file)) return file;
  throw ConfigError(fmt::format("trial {} of sweep '{}' has no final weights yet ('{}' is missing)",
                                trial.trial_id,
                                trial.sweep.name,
                                file.string()));
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

std::string recorded_hash(const TrialLocation& trial, std::ostream& err) {
  return trial_details(open_store(trial.sweep, err), trial.trial_id).trial.weights_sha256;
}

/// Trials of earlier versions may have ended so without being recorded as diverged.
void report_not_finite(const SafetensorsFile& weights, std::ostream& err) {
  for (const NamedTensor& tensor : weights.tensors()) {
    const std::int64_t lost = count_not_finite(tensor);
    if (lost == 0) continue;
    const auto values = static_cast<std::int64_t>(tensor.bytes.size() / dtype_bytes(tensor.dtype));
    fmt::print(err, "warning: {} of {} values of '{}' are not finite\n", lost, values, tensor.name);
  }
}

// What a file of weights tells of itself; "" when it does not.
std::string told(const SafetensorsFile& weights, const char* key) {
  const auto entry = weights.metadata().find(key);
  return entry == weights.metadata().end() ? "" : entry->second;
}

/// How good the weights of which epoch are, as the trial's records tell it. Its metrics, or where a
/// power cut took these, its results.
bool is_recorded(const SafetensorsFile& weights, const ResultsStore& store, const TrialId& id) {
  const std::string epoch = told(weights, kEpochOfWeights);
  const auto is_accuracy = [&](const std::optional<double>& value) {
    return value && fmt::format("{}", *value) == told(weights, kAccuracyOfWeights);
  };
  for (const MetricRow& row : trial_metrics(store, id)) {
    const bool is_it = std::to_string(row.epoch) == epoch && row.split == "validation" &&
                       row.name == "top1_accuracy";
    if (!is_it) continue;
    return std::to_string(row.step) == told(weights, kStepOfWeights) && is_accuracy(row.value);
  }
  bool is_best = false;
  bool is_as_good = false;
  for (const ResultRow& row : trial_details(store, id).results) {
    if (row.split != "validation") continue;
    if (row.name == "best_epoch") is_best = row.value && fmt::format("{}", *row.value) == epoch;
    if (row.name == "best_top1_accuracy") is_as_good = is_accuracy(row.value);
  }
  return is_best && is_as_good;
}

/// No record tells the hash of the best weights; of the epoch that they are from there is one.
void expect_recorded(const SafetensorsFile& weights,
                     const std::filesystem::path& file,
                     const TrialLocation& trial,
                     std::ostream& err) {
  if (is_recorded(weights, open_store(trial.sweep, err), trial.trial_id)) return;
  throw StoreError(
      fmt::format("{}: says of itself that it is from epoch {}, step {}, with validation accuracy "
                  "{}; the records of trial {} say something else",
                  file.string(),
                  in_quotes(told(weights, kEpochOfWeights)),
                  in_quotes(told(weights, kStepOfWeights)),
                  in_quotes(told(weights, kAccuracyOfWeights)),
                  trial.trial_id));
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
  const auto source = weights_file(trial);
  const SafetensorsFile weights =
      open_weights(source, trial.trial_id, recorded_hash(trial, context.err));
  write_file(request, weights.bytes());
  report_not_finite(weights, context.err);
  fmt::print(context.err, "{}: weights of trial {}\n", output_name(request), trial.trial_id);
}

void export_best_weights(const ExportRequest& request, VerbContext& context) {
  const TrialLocation trial = locate_trial(request.trial, request.sweep, context.results_root);
  const auto source = best_weights_file(trial);
  const SafetensorsFile weights = open_weights(source, trial.trial_id, "");
  expect_recorded(weights, source, trial, context.err);
  write_file(request, weights.bytes());
  report_not_finite(weights, context.err);
  fmt::print(context.err,
             "{}: weights of trial {} after epoch {}, validation accuracy {}\n",
             output_name(request),
             trial.trial_id,
             weights.metadata().at(kEpochOfWeights),
             weights.metadata().at(kAccuracyOfWeights));
}

void export_weights(const ExportRequest& request, VerbContext& context) {
  refuse_to_overwrite(request);
  request.best ? export_best_weights(request, context) : export_final_weights(request, context);
}

void export_features(const ExportRequest& request, VerbContext& context) {
  refuse_to_overwrite(request);
  const TrialLocation trial = locate_trial(request.trial, request.sweep, context.results_root);
  // Says better than the worker could that the trial is not done, or its weights are not its own.
  open_weights(weights_file(trial), trial.trial_id, recorded_hash(trial, context.err));
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
  what.option("trial", request->trial, "trial id or its beginning").type_name("TRIAL").required();
  what.option("--out", request->output, "file to write; - is standard output")
      .type_name("FILE")
      .required();
  what.option("--sweep", request->sweep, "look in this sweep only").type_name("SWEEP");
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
