#include "training/state/training_state.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/errors.h"
#include "base/json.h"
#include "base/sha256.h"
#include "training/step/shard_tree.h"

namespace headway {
namespace {

constexpr const char* kDataHash = "data_sha256";

std::string dtype_name(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return "F32";
    case at::kDouble:
      return "F64";
    case at::kLong:
      return "I64";
    default:
      throw std::logic_error("state tensors are float, double or int64");
  }
}

NamedTensor named(const std::string& name, const at::Tensor& contiguous) {
  return {name,
          dtype_name(contiguous),
          contiguous.sizes().vec(),
          {static_cast<const std::byte*>(contiguous.const_data_ptr()), contiguous.nbytes()}};
}

void copy_in(const at::Tensor& target, const NamedTensor& source) {
  expects(source.dtype == dtype_name(target) && target.sizes().vec() == source.shape,
          "checkpoint: tensor '" + source.name + "' has another shape");
  const at::NoGradGuard no_grad;
  at::Tensor writable = target.detach();
  writable.copy_(at::from_blob(const_cast<std::byte*>(source.bytes.data()),
                               source.shape,
                               target.options().device(at::kCPU).requires_grad(false)));
}

// Into host memory, which is allocated once.
void keep_copy(at::Tensor& copy, const at::Tensor& source) {
  if (!copy.defined()) copy = at::empty(source.sizes(), source.options().device(at::kCPU));
  copy.copy_(source);
}

using TensorsByName = std::vector<std::pair<std::string, at::Tensor>>;

void keep_copies(TensorsByName& copies, const TensorsByName& sources) {
  copies.resize(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    copies[i].first = sources[i].first;
    keep_copy(copies[i].second, sources[i].second);
  }
}

TensorsByName named_buffers(const ParameterSet& parameters) {
  TensorsByName result;
  for (const Buffer& buffer : parameters.buffers()) result.emplace_back(buffer.name, buffer.tensor);
  return result;
}

// Reorders the memory of `view`, which the caller owns, in place: another copy of everything would
// double what a save needs.
NamedTensor in_row_major(const std::string& name, const at::Tensor& view) {
  const at::Tensor ordered = view.contiguous();
  if (ordered.data_ptr() != view.data_ptr()) {
    std::memcpy(view.data_ptr(), ordered.const_data_ptr(), view.nbytes());
  }
  return {name,
          dtype_name(view),
          view.sizes().vec(),
          {static_cast<const std::byte*>(view.const_data_ptr()), view.nbytes()}};
}

template <typename T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

/// Names tensors that are not finite.
class NotFinite {
 public:
  void look_at(const std::string& name, const at::Tensor& tensor) {
    if (!tensor.is_floating_point()) return;
    const at::Tensor finite = tensor.detach().isfinite();
    if (finite.all().item<bool>()) return;
    ++tensors_;
    if (tensors_ > 1) return;
    const auto lost = tensor.numel() - finite.sum().item<std::int64_t>();
    first_ = fmt::format("{} of {} values of {}", lost, tensor.numel(), name);
  }
  bool found() const { return tensors_ > 0; }
  /// "9 of 9 values of conv1.weight, and 3 other tensors".
  std::string text() const {
    if (tensors_ == 1) return first_;
    return fmt::format("{}, and {} other tensor{}", first_, tensors_ - 1, tensors_ == 2 ? "" : "s");
  }

 private:
  int tensors_ = 0;
  std::string first_;
};

std::vector<NamedTensor> joined(std::vector<NamedTensor> first,
                                const std::vector<NamedTensor>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

std::vector<NamedTensor> StateTensors::weights() const {
  return joined(parameters, buffers);
}
std::vector<NamedTensor> StateTensors::state() const {
  return joined(parameters, others);
}
std::vector<NamedTensor> StateTensors::all() const {
  return joined(joined(weights(), others), evaluation);
}

StateDict::StateDict(const ParameterSet& parameters) {
  const at::NoGradGuard no_grad;
  const auto add = [this](const std::string& name, const at::Tensor& tensor) {
    kept_.push_back(tensor.detach().cpu().contiguous());
    tensors_.push_back(named(name, kept_.back()));
  };
  for (const Parameter& parameter : parameters.parameters()) add(parameter.name, parameter.tensor);
  for (const Buffer& buffer : parameters.buffers()) add(buffer.name, buffer.tensor);
}

void TrainingState::capture(StateImage& image, const TrialPosition& position) {
  const at::NoGradGuard no_grad;
  step_.buffers().select_mean();
  image.shard_buffers = step_.buffers().gather();
  const std::vector<TrainSums>& own = step_.sums();
  image.sums.resize(own.size() * static_cast<std::size_t>(comm_.size()));
  comm_.all_gather(bytes_of(own), std::as_writable_bytes(std::span(image.sums)));
  if (comm_.rank() != 0) return;

  const FlatParameters& flat = step_.parameters();
  if (!image.values.defined()) image.values = at::empty({flat.count()}, at::kFloat);
  for (const bool decayed : {true, false}) {
    flat.part(image.values, decayed).copy_(flat.values(decayed));
  }
  keep_copies(image.optimizer, step_.optimizer().state());
  keep_copies(image.counters, step_.optimizer().counters());
  keep_copies(image.buffers, named_buffers(parameters_));
  image.manifest = manifest_of(position);
  image.evaluation = position.evaluation;
}

nlohmann::json TrainingState::manifest_of(const TrialPosition& position) {
  nlohmann::json history = nlohmann::json::array();
  for (const EpochRecord& record : position.history) history.push_back(to_json(record));
  return {{"step", position.steps_done},
          {"epochs_done", position.epochs_done},
          {"steps_in_epoch", position.steps_in_epoch},
          {"precision", position.precision},
          {kDataHash, position.data_sha256},
          {"schedule", rate_.schedule().state()},
          {"history", history},
          {"evaluation", to_json(position.evaluation)}};
}

StateTensors TrainingState::lay_out(StateImage& image) const {
  StateTensors result;
  const auto& parameters = parameters_.parameters();
  const auto laid_out = [&](const std::string& prefix, const at::Tensor& flat, std::size_t i) {
    return in_row_major(prefix + parameters[i].name, step_.parameters().view(flat, i));
  };
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    result.parameters.push_back(laid_out("", image.values, i));
  }
  for (const auto& [name, buffer] : image.buffers) result.buffers.push_back(named(name, buffer));
  for (const auto& [name, flat] : image.optimizer) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      result.others.push_back(laid_out("optimizer." + name + ".", flat, i));
    }
  }
  for (const auto& [name, counter] : image.counters) {
    result.others.push_back(named("optimizer." + name, counter));
  }
  result.others.push_back({"shards.buffers",
                           "U8",
                           {static_cast<std::int64_t>(image.shard_buffers.size())},
                           image.shard_buffers});
  result.others.push_back({"shards.train_sums",
                           "F64",
                           {static_cast<std::int64_t>(image.sums.size()), kTrainSums},
                           bytes_of(image.sums)});
  result.evaluation = named_tensors(image.evaluation);
  return result;
}

void TrainingState::apply(const SafetensorsFile& file) {
  const auto& parameters = parameters_.parameters();
  for (const Parameter& parameter : parameters) copy_in(parameter.tensor, file.at(parameter.name));
  for (const auto& [state_name, flat] : step_.optimizer().state()) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      copy_in(step_.parameters().view(flat, i),
              file.at("optimizer." + state_name + "." + parameters[i].name));
    }
  }
  for (const auto& [name, scalar] : step_.optimizer().counters()) {
    copy_in(scalar, file.at("optimizer." + name));
  }
  step_.buffers().restore(file.at("shards.buffers").bytes);
  std::vector<TrainSums>& own = step_.sums();
  const NamedTensor& sums = file.at("shards.train_sums");
  const std::size_t offset =
      own.size() * sizeof(TrainSums) * static_cast<std::size_t>(comm_.rank());
  expects(sums.bytes.size() >= offset + own.size() * sizeof(TrainSums), "checkpoint: train sums");
  std::memcpy(own.data(), sums.bytes.data() + offset, own.size() * sizeof(TrainSums));
}

std::string data_sha256_of(const LoadedCheckpoint& checkpoint) {
  return checkpoint.manifest.value(kDataHash, "");
}

RecoveredCheckpoint recover_on_all_ranks(const CheckpointFolder& folder, Communicator& comm) {
  // Rank 0 chooses, so that ranks never disagree about a file that one of them cannot read.
  RecoveredCheckpoint result;
  if (comm.rank() == 0) result = folder.recover();
  const std::string text = comm.broadcast(result.newest ? result.newest->manifest.dump() : "");
  if (text.empty()) return result;
  const auto manifest = parse_json(text);
  std::string trouble;
  try {
    if (!result.newest) result.newest.emplace(folder.load(manifest.at("step")));
    if (result.newest->manifest != manifest) trouble = "it is another one here";
  } catch (const std::runtime_error& error) {
    trouble = error.what();
  }
  if (comm.all_reduce_or(trouble.empty() ? 0 : 1) == 0) return result;
  throw EnvironmentError(
      fmt::format("not all ranks can load the checkpoint of step {} that rank 0 found{}{}; is the "
                  "results folder shared by all nodes?",
                  manifest.at("step").get<std::int64_t>(),
                  trouble.empty() ? "" : ": ",
                  trouble));
}

TrialPosition TrainingState::restore(const LoadedCheckpoint& checkpoint) {
  const nlohmann::json& manifest = checkpoint.manifest;
  apply(checkpoint.tensors);
  rate_.schedule().restore(manifest.at("schedule"));
  const auto count = [&](const char* key) {
    return integer_in(manifest.at(key), {0, kWholeRange.most});
  };
  TrialPosition position{.epochs_done = count("epochs_done"),
                         .steps_in_epoch = count("steps_in_epoch"),
                         .steps_done = count("step"),
                         .precision = manifest.at("precision"),
                         .history = {},
                         .data_sha256 = data_sha256_of(checkpoint),
                         .evaluation = evaluation_progress(checkpoint)};
  for (const auto& record : manifest.at("history")) {
    position.history.push_back(epoch_record_from_json(record));
  }
  return position;
}

std::string TrainingState::state_sha256() {
  StateImage image;
  capture(image, {});
  return comm_.rank() == 0 ? hash_tensors(lay_out(image).state()) : "";
}

std::optional<std::string> TrainingState::not_finite() {
  step_.buffers().select_mean();
  NotFinite found;
  const auto& parameters = parameters_.parameters();
  for (const Parameter& parameter : parameters) found.look_at(parameter.name, parameter.tensor);
  for (const Buffer& buffer : parameters_.buffers()) found.look_at(buffer.name, buffer.tensor);
  for (const auto& [name, flat] : step_.optimizer().state()) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      found.look_at(fmt::format("optimizer.{}.{}", name, parameters[i].name),
                    step_.parameters().view(flat, i));
    }
  }
  for (const auto& [name, counter] : step_.optimizer().counters()) {
    found.look_at("optimizer." + name, counter);
  }
  if (comm_.all_reduce_or(found.found() ? 1 : 0) == 0) return std::nullopt;
  return found.found() ? found.text() : "what another rank holds";
}

TrainSums TrainingState::merged_train_sums() {
  std::vector<std::vector<double>> rows;
  for (const TrainSums& sums : step_.sums()) {
    rows.push_back({sums.loss, sums.top1_correct, sums.top5_correct, sums.samples});
  }
  std::vector<double> merged = tree_sum(std::move(rows));
  comm_.all_reduce_sum(std::span<double>(merged));
  return {merged[0], merged[1], merged[2], merged[3]};
}

}  // namespace headway
