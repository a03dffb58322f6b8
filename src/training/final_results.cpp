#include "training/final_results.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/files.h"

namespace headway {
namespace {

std::string epoch_of_weights(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return "none";
  try {
    return SafetensorsFile(file).metadata().at("epoch");
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

Metrics train_metrics(const TrainSums& sums,
                      double learning_rate,
                      double images_per_second,
                      std::int64_t classes) {
  Metrics train = {{"loss", sums.loss / sums.samples},
                   {"top1_accuracy", sums.top1_correct / sums.samples},
                   {"learning_rate", learning_rate},
                   {"images_per_second", images_per_second}};
  if (classes > 5) train.push_back({"top5_accuracy", sums.top5_correct / sums.samples});
  return train;
}

void append(SplitMetrics& all, const SplitMetrics& more) {
  for (const auto& [split, metrics] : more) {
    Metrics& of_split = all[split];
    of_split.insert(of_split.end(), metrics.begin(), metrics.end());
  }
}

at::Tensor as_tensor(const ClassVectors& drawn) {
  return at::tensor(drawn.values).view({drawn.classes, drawn.feature_size});
}

void report_damage(const RecoveredCheckpoint& found, TrialSink& sink) {
  for (const std::string& damage : found.damage) sink.remark(damage);
  if (found.damage.empty()) return;
  sink.remark(found.newest ? "going on from an earlier checkpoint"
                           : "no checkpoint is usable; starting afresh");
}

const EpochRecord* best_validation(const std::vector<EpochRecord>& history) {
  const EpochRecord* best = nullptr;
  for (const EpochRecord& record : history) {
    const auto validation = record.values.find("validation");
    if (validation == record.values.end()) continue;
    const double value = value_of(validation->second, "top1_accuracy");
    if (best == nullptr || value > value_of(best->values.at("validation"), "top1_accuracy")) {
      best = &record;
    }
  }
  return best;
}

void add_best_validation(SplitMetrics& results, const std::vector<EpochRecord>& history) {
  const EpochRecord* best = best_validation(history);
  if (best == nullptr) return;
  const Metrics& validation = best->values.at("validation");
  results["validation"].push_back({"best_epoch", static_cast<double>(best->epoch)});
  results["validation"].push_back({"best_top1_accuracy", value_of(validation, "top1_accuracy")});
  results["test"].push_back(
      {"top1_accuracy_at_best_validation", value_of(best->values.at("test"), "top1_accuracy")});
}

void expect_equal_weights_on_all_ranks(const std::string& weights_sha256, Communicator& comm) {
  const bool differ = comm.broadcast(weights_sha256) != weights_sha256;
  const std::uint32_t differing = comm.all_reduce_or(differ ? 1U : 0U);
  if (differing == 0) return;
  throw EnvironmentError(
      "the ranks ended with different weights, so this result cannot be repeated: they must run on "
      "processors of one kind with the same libraries; or set resources.ranks to 1");
}

std::string check_best_weights(const std::filesystem::path& folder, const EpochRecord* best) {
  const std::filesystem::path file = folder / kBestWeightsFile;
  remove_unfinished(file);
  const std::string wanted = best == nullptr ? "none" : std::to_string(best->epoch);
  const std::string found = epoch_of_weights(file);
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
  make_directories(folder);
  const std::filesystem::path weights = folder / "weights.safetensors";
  const std::filesystem::path class_vectors = folder / "class_vectors.safetensors";
  remove_unfinished(weights);
  remove_unfinished(class_vectors);
  write_safetensors(weights,
                    state.tensors(),
                    {{"trial_id", trial_id(config)}, {"weights_sha256", weights_sha256}});
  write_safetensors(
      class_vectors,
      {{"class_vectors",
        "F32",
        {drawn.classes, drawn.feature_size},
        std::as_bytes(std::span(drawn.values))}},
      {{"sha256", drawn.sha256}, {"distribution", config.class_vectors.distribution}});
}

}  // namespace headway
