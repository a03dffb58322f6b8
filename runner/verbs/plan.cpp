#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "cluster/workplace.h"
#include "config/sweep/sweep.h"
#include "runner/cli/sweep_cells.h"
#include "runner/cli/verb.h"
#include "sweep/measured_costs.h"
#include "sweep/prediction.h"

namespace headway {
namespace {

constexpr std::size_t kShownCells = 20;

struct PlanOptions {
  std::string file;
  std::vector<std::string> overrides;
  bool all = false;
  bool trials = false;
  bool json = false;
};

struct PlannedSweep {
  Sweep sweep;
  std::vector<SweepCell> cells = {};
  std::vector<std::string> axes = {};  // keys in which cells differ
  Prediction prediction = {};
};

PlannedSweep plan_sweep(const PlanOptions& options, const VerbContext& context) {
  PlannedSweep plan{.sweep = load_sweep(options.file, options.overrides)};
  plan.cells = sweep_cells(plan.sweep);
  plan.axes = varying_keys(plan.cells);
  const CostModel costs = measured_costs(context.results_root / plan.sweep.name.text(),
                                         rank_kind(plan.sweep.resources));
  plan.prediction = predict(plan.sweep, costs, cores_at_hand());
  return plan;
}

nlohmann::json cells_json(const PlannedSweep& plan) {
  nlohmann::json cells = nlohmann::json::array();
  for (const SweepCell& cell : plan.cells) {
    nlohmann::json values = nlohmann::json::object();
    for (const std::string& key : plan.axes) {
      if (const auto leaf = cell.values.find(key); leaf != cell.values.end()) {
        values[key] = leaf->second;
      }
    }
    nlohmann::json trials = nlohmann::json::array();
    for (const Trial* trial : cell.trials) trials.push_back(trial->trial_id);
    cells.push_back({{"cell_id", cell.cell_id}, {"values", values}, {"trials", trials}});
  }
  return cells;
}

nlohmann::json trials_json(const PlannedSweep& plan) {
  nlohmann::json trials = nlohmann::json::array();
  for (std::size_t i = 0; i < plan.sweep.trials.size(); ++i) {
    const Trial& trial = plan.sweep.trials[i];
    trials.push_back({{"trial_id", trial.trial_id},
                      {"cell_id", trial.cell_id},
                      {"seed", trial.config.seed},
                      {"predicted_seconds", plan.prediction.trial_seconds[i]},
                      {"config", to_canonical_json(trial.config)}});
  }
  return trials;
}

nlohmann::json plan_json(const PlannedSweep& plan) {
  nlohmann::json flags = nlohmann::json::array();
  for (const CellFlag& flag : plan.sweep.flags) {
    flags.push_back({{"cell_id", flag.cell_id}, {"rule", flag.rule}, {"message", flag.message}});
  }
  const Prediction& prediction = plan.prediction;
  return {{"name", plan.sweep.name},
          {"description", plan.sweep.description},
          {"axes", plan.axes},
          {"cells", cells_json(plan)},
          {"trials", trials_json(plan)},
          {"flags", flags},
          {"notes", plan.sweep.notes},
          {"prediction",
           {{"cores", prediction.cores},
            {"slots", prediction.slots},
            {"slot_seconds", prediction.slot_seconds},
            {"makespan_seconds", prediction.makespan_seconds},
            {"wide_trials", prediction.wide_trials},
            {"idle_fraction", prediction.idle_fraction},
            {"measured", prediction.is_measured},
            {"hints", prediction.hints}}}};
}

void print_head(const PlannedSweep& plan, std::ostream& out) {
  fmt::print(out, "sweep   {}\n", plan.sweep.name);
  if (!plan.sweep.description.empty())
    fmt::print(out, "        {}\n", printable(plan.sweep.description));
  fmt::print(
      out, "trials  {} in {}\n", plan.sweep.trials.size(), counted(plan.cells.size(), "cell"));
  if (!plan.axes.empty()) fmt::print(out, "varies  {}\n", fmt::join(plan.axes, ", "));
}

std::string seeds_text(const SweepCell& cell) {
  std::vector<std::int64_t> seeds;
  for (const Trial* trial : cell.trials) seeds.push_back(trial->config.seed);
  std::sort(seeds.begin(), seeds.end());
  // Seeds are at least 0, so that no difference of two overflows.
  const bool consecutive =
      seeds.size() > 2 && seeds.back() - seeds.front() == std::ssize(seeds) - 1;
  if (consecutive) return fmt::format("{}-{}", seeds.front(), seeds.back());
  return fmt::format("{}", fmt::join(seeds, ","));
}

void print_cells(const PlannedSweep& plan, bool all, std::ostream& out) {
  std::vector<TextColumns::Column> titles{{"cell"}};
  for (const std::string& key : plan.axes) titles.push_back({key});
  titles.push_back({"seeds"});
  TextColumns columns(titles);
  const std::size_t shown = all ? plan.cells.size() : std::min(kShownCells, plan.cells.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const SweepCell& cell = plan.cells[i];
    std::vector<std::string> line{cell.cell_id};
    for (const std::string& key : plan.axes) line.push_back(value_text(cell.values, key));
    line.push_back(seeds_text(cell));
    columns.add(std::move(line));
  }
  fmt::print(out, "\n");
  columns.print(out);
  if (shown < plan.cells.size()) {
    fmt::print(out, "... and {} more; --all shows them\n", plan.cells.size() - shown);
  }
}

void print_trials(const PlannedSweep& plan, std::ostream& out) {
  TextColumns columns({{"trial"}, {"cell"}, {"seed", Align::kRight}, {"predicted", Align::kRight}});
  for (std::size_t i = 0; i < plan.sweep.trials.size(); ++i) {
    const Trial& trial = plan.sweep.trials[i];
    columns.add({trial.trial_id,
                 trial.cell_id,
                 std::to_string(trial.config.seed),
                 format_duration(plan.prediction.trial_seconds[i])});
  }
  fmt::print(out, "\n");
  columns.print(out);
}

/// One line per remark, with the cells that it is about.
void print_flags(const PlannedSweep& plan, std::ostream& out) {
  std::map<std::string, std::vector<std::string>> cells_of;
  std::vector<std::string> order;
  for (const CellFlag& flag : plan.sweep.flags) {
    const std::string remark = flag.rule + ": " + flag.message;
    auto& cells = cells_of[remark];
    if (cells.empty()) order.push_back(remark);
    cells.push_back(flag.cell_id);
  }
  if (!order.empty()) fmt::print(out, "\nflags\n");
  for (const std::string& remark : order) {
    const auto& cells = cells_of.at(remark);
    const std::string which =
        cells.size() == 1 ? "cell " + cells.front() : counted(cells.size(), "cell");
    fmt::print(out, "  {} ({})\n", printable(remark), which);
  }
  if (!plan.sweep.notes.empty()) fmt::print(out, "\nnotes\n");
  for (const std::string& note : plan.sweep.notes) fmt::print(out, "  {}\n", printable(note));
}

void print_prediction(const PlannedSweep& plan, std::ostream& out) {
  const Prediction& prediction = plan.prediction;
  const auto& seconds = prediction.trial_seconds;
  if (seconds.empty()) return;
  const auto [shortest, longest] = std::minmax_element(seconds.begin(), seconds.end());
  const double hours = prediction.slot_seconds / 3600;
  const std::string low = format_duration(*shortest);
  const std::string high = format_duration(*longest);
  fmt::print(out,
             "\ntime    {} a trial, {} slot-hours, about {} on the {} of this machine\n",
             low == high ? low : low + " to " + high,
             hours < 10 ? fmt::format("{:.2g}", hours) : fmt::format("{:.0f}", hours),
             format_duration(prediction.makespan_seconds),
             counted(static_cast<std::size_t>(prediction.slots), "CPU slot"));
  if (prediction.wide_trials > 0) {
    fmt::print(out,
               "        {} on more ranks than needed, where that ends the sweep sooner\n",
               counted(static_cast<std::size_t>(prediction.wide_trials), "trial"));
  }
  fmt::print(out,
             "        {}\n",
             prediction.is_measured
                 ? "at the speed of this sweep's finished trials"
                 : "at an assumed speed, right within a small factor, until a trial has finished");
  for (const std::string& hint : prediction.hints) fmt::print(out, "hint    {}\n", hint);
}

void print_plan(const PlannedSweep& plan, const PlanOptions& options, std::ostream& out) {
  print_head(plan, out);
  if (options.trials) {
    print_trials(plan, out);
  } else {
    print_cells(plan, options.all, out);
  }
  print_flags(plan, out);
  print_prediction(plan, out);
}

}  // namespace

template <>
void Verb<class PlanVerb>::add(CLI::App& app, VerbContext& context) {
  const Arguments verb = add_verb(
      app,
      {.name = "plan",
       .summary = "expand and check a sweep file: trials, cells, flags, predicted time",
       .description =
           "Runs nothing. Prints what varies, one line per cell, cells that a rule flags and why,\n"
           "what the expansion merged or left out, and how long the sweep would take here: "
           "longest\n"
           "trials first, one rank each, wider groups where the sweep ends sooner by them; at the\n"
           "speed of the sweep's finished trials, if any, else at an assumed one.\n"
           "Overrides: KEY=VALUE sets, KEY=A,B,C adds an axis, ~KEY removes.",
       .examples = {
           "headway plan sweeps/quickstart.yaml",
           "headway plan sweeps/quickstart.yaml training.epochs=2 optimizer.learning_rate=0.05,0.1",
           "headway plan sweeps/quickstart.yaml --trials"}});
  const auto options = std::make_shared<PlanOptions>();
  verb.option("sweep", options->file, "sweep file").type_name("FILE").required();
  verb.option("overrides", options->overrides, "changes to the file").type_name("KEY=VALUE");
  verb.flag("--all", options->all, "all cells, not the first 20 alone");
  verb.flag("--trials", options->trials, "one line per trial, with its id");
  verb.flag("--json", options->json, "print JSON");
  add_results_option(verb, context);
  verb.action([options, &context] {
    const PlannedSweep plan = plan_sweep(*options, context);
    if (options->json) {
      fmt::print(context.out, "{}\n", json_text(plan_json(plan), 2));
    } else {
      print_plan(plan, *options, context.out);
    }
  });
}

}  // namespace headway
