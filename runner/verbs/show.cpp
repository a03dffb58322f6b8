#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/cli/non_default_values.h"
#include "runner/cli/open_store.h"
#include "runner/cli/results_text.h"
#include "runner/cli/row_json.h"
#include "runner/cli/trial_selection.h"
#include "runner/cli/verb.h"
#include "store/sql/queries.h"

namespace headway {
namespace {

struct ShowOptions {
  std::string trial;
  std::string sweep;
  bool json = false;
};

nlohmann::json show_json(const TrialDetails& details, const std::vector<MetricRow>& metrics) {
  nlohmann::json json = row_json(details.trial);
  json["config"] = parse_json(details.trial.config);
  json["attempts"] = nlohmann::json::array();
  for (const AttemptRecord& attempt : details.attempts)
    json["attempts"].push_back(row_json(attempt));
  // What training recorded, then each later evaluation likewise under its name.
  const nlohmann::json nothing{{"results", nlohmann::json::object()},
                               {"missing", nlohmann::json::object()}};
  json.update(nothing);
  json["evaluations"] = nlohmann::json::object();
  for (const ResultRow& result : details.results) {
    const bool is_training = result.evaluation == kTrainingEvaluation;
    nlohmann::json& of =
        is_training ? json : json["evaluations"].emplace(result.evaluation, nothing).first.value();
    of["results"][result.split][result.name] = optional_json(result.value);
    if (!result.missing_reason.empty()) {
      of["missing"][result.split][result.name] = result.missing_reason;
    }
  }
  json["metrics"] = nlohmann::json::array();
  for (const MetricRow& metric : metrics) json["metrics"].push_back(row_json(metric));
  return json;
}

void print_field(std::ostream& out, const std::string& name, const std::string& value) {
  if (!value.empty()) fmt::print(out, "{:<22}{}\n", name, printable(value));
}

void print_record(const TrialRow& trial, std::ostream& out) {
  print_field(out, "trial", trial.trial_id);
  print_field(out, "sweep", trial.sweep + (trial.in_plan() ? "" : " (no longer in its plan)"));
  print_field(out, "cell", trial.cell_id);
  print_field(
      out, "state", trial.failure.empty() ? trial.state : trial.state + " (" + trial.failure + ")");
  print_field(out, "message", trial.message);
  print_field(out, "attempts", std::to_string(trial.attempts));
  print_field(out, "started", trial.started_at);
  print_field(out, "finished", trial.finished_at);
  if (trial.duration_s) print_field(out, "duration", format_duration(*trial.duration_s));
  if (trial.world_size) print_field(out, "world_size", std::to_string(*trial.world_size));
  if (trial.threads_per_rank) {
    print_field(out, "threads_per_rank", std::to_string(*trial.threads_per_rank));
  }
  print_field(out, "device", trial.device);
  print_field(out, "precision", trial.precision);
  print_field(out, "host", trial.host);
  print_field(out, "headway", trial.headway_version);
  print_field(out, "git_revision", trial.git_revision);
  print_field(out, "torch", trial.torch_version);
  print_field(out, "weights_sha256", trial.weights_sha256);
  print_field(out, "state_sha256", trial.state_sha256);
  print_field(out, "metrics_sha256", trial.metrics_sha256);
  print_field(out, "class_vectors_sha256", trial.class_vectors_sha256);
  print_field(out, "data_sha256", trial.data_sha256);
}

void print_config(const TrialRow& trial, std::ostream& out) {
  const auto config = parse_json(trial.config);
  const ConfigLeaves changed = changed_values(config);
  TextColumns columns({{"configuration"}, {"value"}});
  for (const auto& [key, value] : changed) columns.add({key, value_text(value)});
  fmt::print(out, "\n");
  columns.print(out);
  TextColumns defaults({{"defaults"}, {"value"}});
  for (const auto& [key, value] : config_leaves(config)) {
    if (!changed.contains(key)) defaults.add({key, value_text(value)});
  }
  fmt::print(out, "\n");
  defaults.print(out);
}

void print_attempts(const std::vector<AttemptRecord>& attempts, std::ostream& out) {
  if (attempts.empty()) return;
  TextColumns columns({{"attempt", Align::kRight},
                       {"state"},
                       {"failure"},
                       {"from step", Align::kRight},
                       {"duration", Align::kRight},
                       {"ranks", Align::kRight},
                       {"host"},
                       {"message"}});
  for (const AttemptRecord& attempt : attempts) {
    columns.add({std::to_string(attempt.attempt),
                 attempt.state,
                 attempt.failure,
                 std::to_string(attempt.resumed_from_step.value_or(0)),
                 attempt.duration_s ? format_duration(*attempt.duration_s) : "-",
                 std::to_string(attempt.world_size.value_or(1)),
                 attempt.host,
                 first_line(attempt.message)});
  }
  fmt::print(out, "\n");
  columns.print(out);
}

}  // namespace

template <>
void Verb<class ShowVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "show",
       .summary = "one trial's record: configuration, attempts, results, hashes",
       .description =
           "TRIAL is a trial id or the beginning of one. Of the configuration, what differs from\n"
           "the defaults comes first. --json adds the metrics of every epoch.",
       .examples = {"headway show 3f2a", "headway show 3f2a --sweep quickstart --json"}});
  const auto options = std::make_shared<ShowOptions>();
  add_trial_of_sweep(verb, options->trial, options->sweep);
  verb.flag("--json", options->json, "print JSON");
  add_results_option(verb, context);
  verb.action([options, &context] {
    const TrialLocation place = locate_trial(options->trial, options->sweep, context.results_root);
    const ResultsStore store = open_store(place.sweep, context.err);
    const TrialDetails details = trial_details(store, place.trial_id);
    if (options->json) {
      const auto json = show_json(details, trial_metrics(store, place.trial_id));
      fmt::print(context.out, "{}\n", json_text(json, 2));
      return;
    }
    print_record(details.trial, context.out);
    print_results(details.results, context.out);
    print_attempts(details.attempts, context.out);
    print_config(details.trial, context.out);
  });
}

}  // namespace headway
