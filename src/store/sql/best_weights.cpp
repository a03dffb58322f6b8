#include "store/sql/best_weights.h"

#include <fmt/format.h>

#include <optional>

#include "base/errors.h"
#include "base/text.h"
#include "base/weights_file.h"
#include "store/sql/queries.h"

namespace headway {
namespace {

/// The trial's metrics, or where a power cut took these, its results.
bool is_recorded(const BestWeights& best, const ResultsStore& store, const TrialId& id) {
  const auto is_accuracy = [&](const std::optional<double>& value) {
    return value && fmt::format("{}", *value) == best.accuracy;
  };
  for (const MetricRow& row : trial_metrics(store, id)) {
    const bool is_it = std::to_string(row.epoch) == best.epoch && row.split == "validation" &&
                       row.name == "top1_accuracy";
    if (is_it) return std::to_string(row.step) == best.step && is_accuracy(row.value);
  }
  bool is_best = false;
  bool is_as_good = false;
  for (const ResultRow& row : trial_details(store, id).results) {
    if (row.split != "validation") continue;
    if (row.name == "best_epoch") {
      is_best = row.value && fmt::format("{}", *row.value) == best.epoch;
    }
    if (row.name == "best_top1_accuracy") is_as_good = is_accuracy(row.value);
  }
  return is_best && is_as_good;
}

}  // namespace

BestWeights place_of_best(const SafetensorsFile& weights, const std::filesystem::path& file) {
  const auto told = [&](const char* key) {
    const auto entry = weights.metadata().find(key);
    return entry == weights.metadata().end() ? std::string() : entry->second;
  };
  BestWeights best{told(kEpochOfWeights), told(kStepOfWeights), told(kAccuracyOfWeights)};
  if (best.epoch.empty() || best.step.empty() || best.accuracy.empty()) {
    throw StoreError(
        fmt::format("{}: does not say from which epoch and step its weights are, and how good: "
                    "these are no best weights, or damaged",
                    file.string()));
  }
  return best;
}

void expect_recorded(const BestWeights& best,
                     const ResultsStore& store,
                     const TrialId& trial_id,
                     const std::filesystem::path& file) {
  if (is_recorded(best, store, trial_id)) return;
  throw StoreError(
      fmt::format("{}: says of itself that it is from epoch {}, step {}, with validation accuracy "
                  "{}; the records of trial {} say something else",
                  file.string(),
                  in_quotes(best.epoch),
                  in_quotes(best.step),
                  in_quotes(best.accuracy),
                  trial_id));
}

}  // namespace headway
