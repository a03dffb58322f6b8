#include "training/final_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/accumulators/logit_score.h"
#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/sweep_layout.h"
#include "base/watched_folder.h"
#include "base/weights_file.h"
#include "training/training_metrics.h"

namespace headway {
namespace {

using statistics::name;

std::string epoch_of_weights(const std::filesystem::path& file, const TrialId& trial_id) {
  if (!is_there(file)) return "none";
  try {
    return open_weights(file, trial_id, "").metadata().at(kEpochOfWeights);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

double value_of(const Metrics& metrics, const std::string& name) {
  const auto found = std::ranges::find(metrics, name, &Metric::name);
  expects(found != metrics.end(), "no metric " + name);
  return found->value;
}

double top1_accuracy_of(const Metrics& metrics) {
  return value_of(metrics, name<statistics::Top1Accuracy>());
}

Metrics train_metrics(const TrainSums& sums,
                      double learning_rate,
                      double images_per_second,
                      std::int64_t classes) {
  const std::string speed = name<statistics::ImagesPerSecond>();
  Metrics train = {{name<statistics::TrialLoss>(), sums.loss / sums.samples},
                   {name<statistics::Top1Accuracy>(), sums.top1_correct / sums.samples},
                   {name<statistics::EpochLearningRate>(), learning_rate},
                   images_per_second > 0
                       ? Metric{speed, images_per_second}
                       : missing(speed, "an earlier attempt did all steps of the epoch")};
  if (classes > kTopFive) {
    train.push_back({name<statistics::Top5Accuracy>(), sums.top5_correct / sums.samples});
  }
  return train;
}

std::optional<std::string> undefined_accuracy(const SplitMetrics& results) {
  for (const auto& [split, metrics] : results) {
    for (const Metric& metric : metrics) {
      const bool is_accuracy = metric.name.ends_with(name<statistics::Top1Accuracy>());
      if (!is_accuracy || std::isfinite(metric.value)) continue;
      const std::string& why = metric.missing_reason;
      return fmt::format("{}/{}: {}", split, metric.name, why.empty() ? "it is not finite" : why);
    }
  }
  return std::nullopt;
}

void append(SplitMetrics& all, const SplitMetrics& more) {
  for (const auto& [split, metrics] : more) {
    Metrics& of_split = all[split];
    of_split.insert(of_split.end(), metrics.begin(), metrics.end());
  }
}

const EpochRecord* best_validation(const std::vector<EpochRecord>& history) {
  const EpochRecord* best = nullptr;
  for (const EpochRecord& record : history) {
    const auto validation = record.values.find("validation");
    if (validation == record.values.end()) continue;
    const double value = top1_accuracy_of(validation->second);
    if (!std::isfinite(value)) continue;
    if (best == nullptr || value > top1_accuracy_of(best->values.at("validation"))) {
      best = &record;
    }
  }
  return best;
}

void add_best_validation(SplitMetrics& results, const std::vector<EpochRecord>& history) {
  const EpochRecord* best = best_validation(history);
  if (best == nullptr) return;
  Metrics& validation = results["validation"];
  validation.push_back({name<statistics::BestEpoch>(), static_cast<double>(best->epoch)});
  validation.push_back(
      {name<statistics::BestTop1Accuracy>(), top1_accuracy_of(best->values.at("validation"))});
  results["test"].push_back({name<statistics::Top1AccuracyAtBestValidation>(),
                             top1_accuracy_of(best->values.at("test"))});
}

void expect_equal_weights_on_all_ranks(const std::string& weights_sha256, Communicator& comm) {
  const bool differ = comm.broadcast(weights_sha256) != weights_sha256;
  const std::uint32_t differing = comm.all_reduce_or(differ ? 1U : 0U);
  if (differing == 0) return;
  throw EnvironmentError(
      "the ranks ended with different weights, so this result cannot be repeated: they must run on "
      "processors of one kind with the same libraries; or set resources.ranks to 1");
}

std::string check_best_weights(const std::filesystem::path& folder,
                               const TrialId& trial_id,
                               const EpochRecord* best) {
  const std::filesystem::path file = folder / SweepLayout::kBestWeights;
  remove_unfinished(file);
  const std::string wanted = best == nullptr ? "none" : std::to_string(best->epoch);
  const std::string found = epoch_of_weights(file, trial_id);
  if (found == wanted) return "";
  std::error_code absent;
  std::filesystem::remove(file, absent);
  return fmt::format(
      "the weights of epoch {}, which validated best, were not kept (found: {}); was "
      "resources.keep_best_checkpoint set later?",
      wanted,
      found);
}

void write_artifacts(const std::filesystem::path& folder,
                     const TrialConfig& config,
                     const StateDict& state,
                     const std::string& weights_sha256,
                     const ClassVectors& drawn) {
  make_last_directories(folder, 2);  // not the sweep's folder
  const std::filesystem::path weights = folder / SweepLayout::kWeights;
  const std::filesystem::path class_vectors = folder / SweepLayout::kClassVectors;
  remove_unfinished(weights);
  remove_unfinished(class_vectors);
  write_safetensors(weights,
                    state.tensors(),
                    {{kTrialIdOfWeights, trial_id(config)}, {kHashOfWeights, weights_sha256}});
  write_safetensors(class_vectors,
                    {{kClassVectorsTensor,
                      "F32",
                      {drawn.classes, drawn.feature_size},
                      std::as_bytes(std::span(drawn.values))}},
                    {{kHashOfClassVectors, drawn.sha256},
                     {kOriginOfClassVectors, drawn.drawn_from},
                     {"distribution", config.class_vectors.distribution}});
}

}  // namespace headway
