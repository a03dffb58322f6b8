#include <fmt/format.h>
#include <fmt/ostream.h>

#include <fstream>
#include <ostream>
#include <sstream>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/process.h"
#include "base/safetensors.h"
#include "base/sweep_layout.h"
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
  if (request.force || !std::filesystem::exists(request.output)) return;
  throw ConfigError(fmt::format("'{}' exists; --force overwrites it", request.output.string()));
}

std::filesystem::path weights_file(const TrialLocation& trial) {
  auto file = SweepLayout(trial.sweep.directory).weights(trial.trial_id);
  if (std::filesystem::exists(file)) return file;
  throw ConfigError(fmt::format("trial {} of sweep '{}' has no final weights yet ('{}' is missing)",
                                trial.trial_id,
                                trial.sweep.name,
                                file.string()));
}

std::filesystem::path best_weights_file(const TrialLocation& trial) {
  auto file = SweepLayout(trial.sweep.directory).best_weights(trial.trial_id);
  if (std::filesystem::exists(file)) return file;
  throw ConfigError(fmt::format(
      "trial {} of sweep '{}' has no best weights ('{}' is missing); they are kept when "
      "resources.keep_best_checkpoint is true before it is trained",
      trial.trial_id,
      trial.sweep.name,
      file.string()));
}

/// The file is whole, and its weights are those that the trial's record tells of.
void verify_weights(const std::filesystem::path& file,
                    const TrialLocation& trial,
                    std::ostream& err) {
  const auto hash_in_file = [&]() -> std::string {
    try {
      const auto metadata = SafetensorsFile(file).metadata();
      const auto found = metadata.find("weights_sha256");
      return found == metadata.end() ? "" : found->second;
    } catch (const ConfigError& error) {
      throw StoreError(fmt::format("{} (`headway fsck` tells more)", error.what()));
    }
  }();
  const TrialRow row = trial_details(open_store(trial.sweep, err), trial.trial_id).trial;
  if (row.weights_sha256.empty() || hash_in_file == row.weights_sha256) return;
  throw StoreError(fmt::format("{}: holds weights {}, the record of trial {} says {}",
                               file.string(),
                               hash_in_file.empty() ? "without a hash" : hash_in_file,
                               trial.trial_id,
                               row.weights_sha256));
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

void export_weights(const ExportRequest& request, VerbContext& context) {
  refuse_to_overwrite(request);
  const TrialLocation trial = locate_trial(request.trial, request.sweep, context.results_root);
  const std::filesystem::path source =
      request.best ? best_weights_file(trial) : weights_file(trial);
  if (!request.best) verify_weights(source, trial, context.err);
  const MappedFile file(source);
  const auto bytes = file.bytes();
  replace_file(request.output, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  report_not_finite(SafetensorsFile(source), context.err);
  if (!request.best) {
    fmt::print(context.err, "{}: weights of trial {}\n", request.output.string(), trial.trial_id);
    return;
  }
  const auto metadata = SafetensorsFile(source).metadata();
  fmt::print(context.err,
             "{}: weights of trial {} after epoch {}, validation accuracy {}\n",
             request.output.string(),
             trial.trial_id,
             metadata.at("epoch"),
             metadata.at("validation_top1_accuracy"));
}

void export_features(const ExportRequest& request, VerbContext& context) {
  refuse_to_overwrite(request);
  const TrialLocation trial = locate_trial(request.trial, request.sweep, context.results_root);
  weights_file(trial);  // says that the trial is not done better than the worker could
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
             request.output.string(),
             request.split,
             trial.trial_id);
}

void export_table(ExportKind kind, const ExportRequest& request, VerbContext& context) {
  const ExportOptions options{.format = export_format_from_string(request.format),
                              .include_vanished = request.include_vanished};
  const SweepLocation sweep = find_sweep_or_newest(request.sweep, context.results_root);
  if (request.output.empty()) {
    export_rows(open_store(sweep, context.err), kind, options, context.out);
    return;
  }
  refuse_to_overwrite(request);
  std::ostringstream text;
  export_rows(open_store(sweep, context.err), kind, options, text);
  replace_file(request.output, text.str());
}

using Request = std::shared_ptr<ExportRequest>;

Arguments add_file_export(const Arguments& verb, const VerbHelp& help, const Request& request) {
  const Arguments what = add_verb(verb.app(), help);
  what.option("trial", request->trial, "trial id or its beginning").type_name("TRIAL").required();
  what.option("--out", request->output, "file to write").type_name("FILE").required();
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
  what.option("--out", request->output, "file to write").type_name("FILE");
  what.flag("--all", request->include_vanished, "also trials that left the plan");
  what.flag("--force", request->force, "overwrite the file");
  return what;
}

void add_trial_exports(const Arguments& verb, const Request& request, VerbContext& context) {
  const Arguments weights = add_file_export(
      verb,
      {.name = "weights",
       .summary = "a finished trial's parameters and buffers, as safetensors",
       .description = "Checks the file and its hash first, and warns of values that are not\n"
                      "finite. Names are PyTorch's.",
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
  const Arguments verb = add_verb(
      app,
      {.name = "export",
       .summary = "weights, features and raw tables for other programs",
       .description =
           "Files are written whole or not at all, and never over another without --force.",
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
