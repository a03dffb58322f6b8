#include "training/state/evaluation_progress.h"

#include <fmt/format.h>

#include <cstring>
#include <numeric>
#include <utility>

#include "base/errors.h"
#include "base/json.h"

namespace headway {
namespace {

constexpr std::int64_t kMostBatches = (std::int64_t{1} << 40) - 1;  // that a pass may have

std::string name_of_pass(std::size_t number) {
  return fmt::format("evaluation.{}", number);
}

std::string name_of_shard(std::size_t pass, std::size_t shard) {
  return fmt::format("{}.shard.{}", name_of_pass(pass), shard);
}

NamedTensor tensor_of(std::string name, const std::vector<double>& sums) {
  return {std::move(name),
          "F64",
          {static_cast<std::int64_t>(sums.size())},
          std::as_bytes(std::span(sums))};
}

std::vector<double> sums_in(const SafetensorsFile& file, const std::string& name) {
  const NamedTensor& tensor = file.at(name);
  if (tensor.dtype != "F64" || tensor.shape.size() != 1) {
    throw ConfigError(fmt::format("checkpoint: '{}' is no vector of doubles", name));
  }
  std::vector<double> sums(tensor.bytes.size() / sizeof(double));
  std::memcpy(sums.data(), tensor.bytes.data(), tensor.bytes.size());
  return sums;
}

EvaluationProgress::Running running_in(const LoadedCheckpoint& checkpoint,
                                       const nlohmann::json& json,
                                       std::size_t number) {
  EvaluationProgress::Running running{.pass = json.at("pass")};
  for (const nlohmann::json& batches : json.at("batches")) {
    running.batches.push_back(integer_in(batches, {0, kMostBatches}));
  }
  for (std::size_t shard = 0; shard < running.batches.size(); ++shard) {
    const bool has_sums = running.batches[shard] > 0;
    running.sums.push_back(has_sums ? sums_in(checkpoint.tensors, name_of_shard(number, shard))
                                    : std::vector<double>{});
  }
  return running;
}

// A shard of `running` may have been left anywhere between its begin and its end.
bool fits(const EvaluationProgress::Running& running, const PassShape& shape) {
  if (running.pass != shape.pass || running.batches.size() != shape.batches.size()) return false;
  for (std::size_t shard = 0; shard < running.batches.size(); ++shard) {
    const std::size_t sums = running.batches[shard] == 0 ? 0 : shape.sum_count;
    if (running.batches[shard] > shape.batches[shard]) return false;
    if (running.sums[shard].size() != sums) return false;
  }
  return true;
}

}  // namespace

std::int64_t EvaluationProgress::place() const {
  constexpr std::int64_t kPass = kMostBatches + 1;
  const auto passes = static_cast<std::int64_t>(finished.size());
  if (!running) return passes * kPass;
  return std::accumulate(running->batches.begin(), running->batches.end(), passes * kPass);
}

nlohmann::json to_json(const EvaluationProgress& progress) {
  nlohmann::json passes = nlohmann::json::array();
  for (const auto& finished : progress.finished) passes.push_back({{"pass", finished.pass}});
  if (progress.running) {
    passes.push_back({{"pass", progress.running->pass}, {"batches", progress.running->batches}});
  }
  return passes;
}

std::vector<NamedTensor> named_tensors(const EvaluationProgress& progress) {
  std::vector<NamedTensor> tensors;
  for (const auto& finished : progress.finished) {
    tensors.push_back(tensor_of(name_of_pass(tensors.size()), finished.sums));
  }
  if (!progress.running) return tensors;
  for (std::size_t shard = 0; shard < progress.running->sums.size(); ++shard) {
    const std::vector<double>& sums = progress.running->sums[shard];
    if (sums.empty()) continue;
    tensors.push_back(tensor_of(name_of_shard(progress.finished.size(), shard), sums));
  }
  return tensors;
}

EvaluationProgress evaluation_progress(const LoadedCheckpoint& checkpoint) {
  EvaluationProgress progress;
  if (!checkpoint.manifest.contains("evaluation")) return progress;
  for (const nlohmann::json& pass : checkpoint.manifest.at("evaluation")) {
    const std::size_t number = progress.finished.size();
    if (pass.contains("batches")) {
      progress.running = running_in(checkpoint, pass, number);
      return progress;
    }
    progress.finished.push_back(
        {pass.at("pass"), sums_in(checkpoint.tensors, name_of_pass(number))});
  }
  return progress;
}

void EvaluationPasses::restart(EvaluationProgress progress) {
  known_ = std::move(progress);
  next_ = 0;
  running_.reset();
  own_.clear();
}

std::optional<std::vector<double>> EvaluationPasses::begin(const PassShape& shape) {
  expects(!running_, "one pass after the other");
  expects(std::ssize(shape.batches) == shards_, "each shard has batches of its own");
  const std::size_t number = next_++;
  if (number < known_.finished.size()) {
    const auto& finished = known_.finished[number];
    if (finished.pass == shape.pass && finished.sums.size() == shape.sum_count)
      return finished.sums;
    known_.finished.resize(number);  // of another version: it is made anew, and all that follow
    known_.running.reset();
  }
  const auto shards = static_cast<std::size_t>(shards_);
  EvaluationProgress::Running start{
      shape.pass, std::vector<std::int64_t>(shards), std::vector<std::vector<double>>(shards)};
  auto known = std::exchange(known_.running, std::nullopt);
  if (known && fits(*known, shape)) start = std::move(*known);
  running_ = shape.pass;
  batches_at_begin_ = start.batches;
  own_.clear();
  const std::size_t local_shards = shards / static_cast<std::size_t>(comm_.size());
  const std::size_t first = local_shards * static_cast<std::size_t>(comm_.rank());
  for (std::size_t shard = first; shard < first + local_shards; ++shard) {
    own_.push_back({start.batches[shard], std::move(start.sums[shard])});
    own_.back().sums.resize(shape.sum_count);
  }
  return std::nullopt;
}

void EvaluationPasses::finish(std::vector<double> merged) {
  expects(running_.has_value(), "a pass that was begun ends");
  known_.finished.push_back({*std::exchange(running_, std::nullopt), std::move(merged)});
  own_.clear();
}

EvaluationProgress EvaluationPasses::gather() const {
  EvaluationProgress progress{known_.finished, known_.running};
  if (running_) progress.running = gather_running();
  return progress;
}

EvaluationProgress::Running EvaluationPasses::gather_running() const {
  const std::size_t width = own_.front().sums.size() + 1;  // behind the number of batches
  std::vector<double> own;
  own.reserve(own_.size() * width);
  for (const ShardSums& shard : own_) {
    own.push_back(static_cast<double>(shard.batches));
    own.insert(own.end(), shard.sums.begin(), shard.sums.end());
  }
  std::vector<double> all(own.size() * static_cast<std::size_t>(comm_.size()));
  comm_.all_gather(std::as_bytes(std::span(std::as_const(own))),
                   std::as_writable_bytes(std::span(all)));
  EvaluationProgress::Running running{.pass = *running_};
  for (std::size_t start = 0; start < all.size(); start += width) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(start);
    running.batches.push_back(static_cast<std::int64_t>(*first));
    running.sums.emplace_back();
    if (running.batches.back() > 0) {
      running.sums.back().assign(first + 1, first + static_cast<std::ptrdiff_t>(width));
    }
  }
  return running;
}

}  // namespace headway
