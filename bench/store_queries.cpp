// How long the results store of a large sweep takes: the first sync, a sync with nothing new, one
// with a single new trial, and the queries behind `status` and `table`.
//   bench_store_queries [TRIALS] [EPOCHS]      (default 10000 trials of 10 epochs, 12 metrics each)
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/host.h"
#include "base/sweep_layout.h"
#include "base/time.h"
#include "config/yaml/trial_reader.h"
#include "store/manifest/sweep_manifest.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/segment_writer.h"
#include "store/sql/queries.h"
#include "store/sql/results_store.h"
#include "store/tables/exporters.h"
#include "store/tables/table.h"
#include "store/tables/table_format.h"

namespace headway {
namespace {

constexpr int kMetricsPerEpoch = 12;
constexpr int kFinalMetrics = 40;
constexpr int kSeedsPerCell = 5;

Sweep large_sweep(int trials) {
  Sweep sweep;
  sweep.name = SweepName("large");
  sweep.text = "name: large\n";
  for (int i = 0; i < trials; ++i) {
    Trial trial;
    trial.config = trial_config_from_json(
        {{"seed", i % kSeedsPerCell},
         {"head", {{"name", i / kSeedsPerCell % 2 == 0 ? "dot" : "cosine"}}},
         {"optimizer", {{"learning_rate", 1e-4 * (1 + i / (2 * kSeedsPerCell))}}}});
    trial.trial_id = trial_id(trial.config);
    trial.cell_id = cell_id(trial.config);
    sweep.trials.push_back(std::move(trial));
  }
  return sweep;
}

RecordedValues epoch_values(int trial, int epoch) {
  RecordedValues values;
  for (int metric = 0; metric < kMetricsPerEpoch; ++metric) {
    const char* split = metric % 2 == 0 ? "train" : "validation";
    values[split][fmt::format("metric_{}", metric / 2)] = 1.0 / (1 + trial % 97 + epoch + metric);
  }
  return values;
}

RecordedValues final_values(int trial) {
  RecordedValues values;
  values["test"]["top1_accuracy"] = 0.9 + 1e-3 * (trial % 53);
  for (int metric = 1; metric < kFinalMetrics; ++metric) {
    values["test"][fmt::format("statistic_{}", metric)] = 1.0 / (trial % 31 + metric);
  }
  return values;
}

void write_trial(SegmentWriter& writer, const TrialId& id, int trial, int epochs) {
  writer.append(
      AttemptStarted{
          .trial_id = id, .attempt = 1, .host = "node1", .device = "cpu", .world_size = 1},
      Flush::kLater);
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    writer.append(
        EpochMetrics{.position = {id, 1, epoch, epoch * 100}, .values = epoch_values(trial, epoch)},
        Flush::kLater);
  }
  writer.append(AttemptFinished{.trial_id = id,
                                .attempt = 1,
                                .state = "done",
                                .duration_s = 60.0,
                                .results = final_values(trial)},
                Flush::kLater);
}

void measure(const std::string& what, const std::function<void()>& run) {
  const double start = monotonic_seconds();
  run();
  fmt::print("{:<40} {:>9.3f} s\n", what, monotonic_seconds() - start);
  std::fflush(stdout);
}

void measure_all(const std::filesystem::path& directory, int trials, int epochs) {
  const Sweep sweep = large_sweep(trials);
  measure("write plan", [&] { write_manifest(directory, sweep); });
  measure("read plan", [&] { read_manifest(directory); });
  SegmentWriter writer(directory, "worker");
  measure("write segments", [&] {
    for (int i = 0; i + 1 < trials; ++i) {
      write_trial(writer, sweep.trials[static_cast<std::size_t>(i)].trial_id, i, epochs);
    }
  });
  measure("fold all segments in memory", [&] { SweepState(directory).refresh(); });
  measure("first sync", [&] { ResultsStore(directory).sync(); });
  measure("open, sync with nothing new", [&] { ResultsStore(directory).sync(); });
  write_trial(writer, sweep.trials.back().trial_id, trials - 1, epochs);
  ResultsStore store(directory);
  measure("sync of one new trial", [&] { store.sync(); });
  measure("one trial's record", [&] { trial_details(store, sweep.trials[0].trial_id); });
  measure("one trial's metrics", [&] { trial_metrics(store, sweep.trials[0].trial_id); });
  measure("table by head.name", [&] { make_table(store, {.by = {"head.name"}}); });
  measure("table by all that varies, as text",
          [&] { format_table(make_table(store, {}), TableFormat::kText); });
  std::ofstream nowhere("/dev/null");
  measure("export metrics", [&] { export_rows(store, ExportKind::kMetrics, {}, nowhere); });
  measure("export parameters", [&] { export_rows(store, ExportKind::kParameters, {}, nowhere); });
}

}  // namespace
}  // namespace headway

int main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 10000;
  const int epochs = argc > 2 ? std::atoi(argv[2]) : 10;
  const auto directory =
      std::filesystem::temp_directory_path() / ("headway-bench-" + headway::random_id());
  headway::measure_all(directory, trials, epochs);
  std::filesystem::remove_all(directory);
}
