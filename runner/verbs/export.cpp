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

struct ExportArguments {
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

void refuse_to_overwrite(const ExportArguments& arguments) {
  if (arguments.force || !std::filesystem::exists(arguments.output)) return;
  throw ConfigError(fmt::format("'{}' exists; --force overwrites it", arguments.output.string()));
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

void export_weights(const ExportArguments& arguments, VerbContext& context) {
  refuse_to_overwrite(arguments);
  const TrialLocation trial = locate_trial(arguments.trial, arguments.sweep, context.results_root);
  const std::filesystem::path source =
      arguments.best ? best_weights_file(trial) : weights_file(trial);
  if (!arguments.best) verify_weights(source, trial, context.err);
  const MappedFile file(source);
  const auto bytes = file.bytes();
  replace_file(arguments.output, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!arguments.best) {
    fmt::print(context.err, "{}: weights of trial {}\n", arguments.output.string(), trial.trial_id);
    return;
  }
  const auto metadata = SafetensorsFile(source).metadata();
  fmt::print(context.err,
             "{}: weights of trial {} after epoch {}, validation accuracy {}\n",
             arguments.output.string(),
             trial.trial_id,
             metadata.at("epoch"),
             metadata.at("validation_top1_accuracy"));
}

void export_features(const ExportArguments& arguments, VerbContext& context) {
  refuse_to_overwrite(arguments);
  const TrialLocation trial = locate_trial(arguments.trial, arguments.sweep, context.results_root);
  weights_file(trial);  // says that the trial is not done better than the worker could
  const ForegroundEnd end = run_in_foreground({.command = {find_worker_program().string(),
                                                           "features",
                                                           "--sweep-dir",
                                                           trial.sweep.directory.string(),
                                                           "--trial",
                                                           trial.trial_id,
                                                           "--split",
                                                           arguments.split,
                                                           "--device",
                                                           arguments.device,
                                                           "--out",
                                                           arguments.output.string()}});
  context.exit_code = end.interrupted ? kExitInterrupted : end.exit_code;
  if (context.exit_code != 0) return;
  fmt::print(context.err,
             "{}: {} features of trial {}\n",
             arguments.output.string(),
             arguments.split,
             trial.trial_id);
}

void export_table(ExportKind kind, const ExportArguments& arguments, VerbContext& context) {
  const ExportOptions options{.format = export_format_from_string(arguments.format),
                              .include_vanished = arguments.include_vanished};
  const SweepLocation sweep = find_sweep_or_newest(arguments.sweep, context.results_root);
  if (arguments.output.empty()) {
    export_rows(open_store(sweep, context.err), kind, options, context.out);
    return;
  }
  refuse_to_overwrite(arguments);
  std::ostringstream text;
  export_rows(open_store(sweep, context.err), kind, options, text);
  replace_file(arguments.output, text.str());
}

using Arguments = std::shared_ptr<ExportArguments>;

CLI::App& add_file_export(CLI::App& verb, const VerbHelp& help, const Arguments& arguments) {
  CLI::App& what = add_verb(verb, help);
  what.add_option("trial", arguments->trial, "trial id or its beginning")
      ->type_name("TRIAL")
      ->required();
  what.add_option("--out", arguments->output, "file to write")->type_name("FILE")->required();
  what.add_option("--sweep", arguments->sweep, "look in this sweep only")->type_name("SWEEP");
  what.add_flag("--force", arguments->force, "overwrite the file");
  return what;
}

CLI::App& add_table_export(CLI::App& verb, const std::string& name, const Arguments& arguments) {
  CLI::App& what =
      add_verb(verb,
               {.name = name,
                .summary = fmt::format("the results store's table `{}`", name),
                .description = "All rows at full precision, on standard output or into a file.",
                .examples = {fmt::format(
                    "headway export {} quickstart --format csv --out {}.csv", name, name)}});
  what.add_option("sweep", arguments->sweep, "file, directory or name")->type_name("SWEEP");
  one_of(*what.add_option("--format", arguments->format, "of the rows"), {"csv", "json", "jsonl"})
      .capture_default_str();
  what.add_option("--out", arguments->output, "file to write")->type_name("FILE");
  what.add_flag("--all", arguments->include_vanished, "also trials that left the plan");
  what.add_flag("--force", arguments->force, "overwrite the file");
  return what;
}

void add_trial_exports(CLI::App& verb, const Arguments& arguments, VerbContext& context) {
  CLI::App& weights =
      add_file_export(verb,
                      {.name = "weights",
                       .summary = "a finished trial's parameters and buffers, as safetensors",
                       .description = "Checks the file and its hash first. Names are PyTorch's.",
                       .examples = {"headway export weights 3f2a --out model.safetensors",
                                    "headway export weights 3f2a --best --out best.safetensors"}},
                      arguments);
  weights.add_flag("--best",
                   arguments->best,
                   "those of the epoch that validated best (resources.keep_best_checkpoint)");
  weights.callback([arguments, &context] { export_weights(*arguments, context); });
  add_results_option(weights, context);

  CLI::App& features = add_file_export(
      verb,
      {.name = "features",
       .summary = "a finished trial's features, labels, logits and class vectors",
       .description = "Runs the trained encoder over one split, in the precision that it was\n"
                      "trained in, as safetensors.",
       .examples = {"headway export features 3f2a --split test --out features.safetensors"}},
      arguments);
  const std::vector<std::string> splits{"train", "validation", "test"};
  one_of(*features.add_option("--split", arguments->split, "of the data set"), splits)
      .capture_default_str()
      ->check(CLI::IsMember(splits).description(""));
  const std::vector<std::string> devices{"auto", "cpu", "cuda"};
  one_of(*features.add_option("--device", arguments->device, "auto: as trained, where possible"),
         devices)
      .capture_default_str()
      ->check(CLI::IsMember(devices).description(""));
  features.callback([arguments, &context] { export_features(*arguments, context); });
  add_results_option(features, context);
}

}  // namespace

template <>
void Verb<class ExportVerb>::add(CLI::App& app, VerbContext& context) {
  CLI::App& verb = add_verb(
      app,
      {.name = "export",
       .summary = "weights, features and raw tables for other programs",
       .description =
           "Files are written whole or not at all, and never over another without --force.",
       .examples = {"headway export weights 3f2a --out model.safetensors",
                    "headway export metrics quickstart --format csv --out metrics.csv"}});
  verb.require_subcommand(1);
  const auto arguments = std::make_shared<ExportArguments>();
  add_trial_exports(verb, arguments, context);
  for (const std::string& name : export_kinds()) {
    CLI::App& table = add_table_export(verb, name, arguments);
    table.callback([arguments, &context, kind = export_kind_from_string(name)] {
      export_table(kind, *arguments, context);
    });
    add_results_option(table, context);
  }
}

}  // namespace headway
