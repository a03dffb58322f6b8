#include "training/training_state.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>

#include "base/errors.h"
#include "base/files.h"
#include "base/sha256.h"
#include "training/tree.h"

namespace headway {
namespace {

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

template <typename T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

}  // namespace

StateDict::StateDict(const ParameterSet& parameters) {
  const at::NoGradGuard no_grad;
  const auto add = [this](const std::string& name, const at::Tensor& tensor) {
    kept_.push_back(tensor.detach().cpu().contiguous());
    tensors_.push_back(named(name, kept_.back()));
  };
  for (const Parameter& parameter : parameters.parameters()) add(parameter.name, parameter.tensor);
  for (const Buffer& buffer : parameters.buffers()) add(buffer.name, buffer.tensor);
}

struct TrainingState::Tensors {
  std::vector<at::Tensor> kept;
  std::vector<std::byte> buffers;  // of all shards
  std::vector<TrainSums> sums;     // of all shards
  std::vector<NamedTensor> named;
};

TrainingState::Tensors TrainingState::collect() {
  const at::NoGradGuard no_grad;
  Tensors result;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    result.kept.push_back(tensor.detach().cpu().contiguous());
    result.named.push_back(named(name, result.kept.back()));
  };
  const auto& parameters = parameters_.parameters();
  for (const Parameter& parameter : parameters) add(parameter.name, parameter.tensor);
  for (const auto& [state_name, flat] : step_.optimizer().state()) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      add("optimizer." + state_name + "." + parameters[i].name, step_.parameters().view(flat, i));
    }
  }
  for (const auto& [name, scalar] : step_.optimizer().counters()) add("optimizer." + name, scalar);
  result.buffers = step_.buffers().gather();
  result.named.push_back(
      {"shards.buffers", "U8", {static_cast<std::int64_t>(result.buffers.size())}, result.buffers});
  const std::vector<TrainSums>& own = step_.sums();
  result.sums.resize(own.size() * static_cast<std::size_t>(comm_.size()));
  comm_.all_gather(bytes_of(own), std::as_writable_bytes(std::span(result.sums)));
  result.named.push_back({"shards.train_sums",
                          "F64",
                          {static_cast<std::int64_t>(result.sums.size()), kTrainSums},
                          bytes_of(result.sums)});
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

void TrainingState::save(const CheckpointFolder& folder, const TrialPosition& position) {
  const Tensors tensors = collect();
  if (comm_.rank() != 0) return;
  nlohmann::json history = nlohmann::json::array();
  for (const EpochRecord& record : position.history) history.push_back(to_json(record));
  folder.save(position.steps_done,
              tensors.named,
              {{"epochs_done", position.epochs_done},
               {"steps_in_epoch", position.steps_in_epoch},
               {"precision", position.precision},
               {"schedule", rate_.schedule().state()},
               {"history", history}});
}

std::optional<TrialPosition> TrainingState::restore(const CheckpointFolder& folder) {
  // Rank 0 chooses, so that ranks never disagree about a file that one of them cannot read.
  std::optional<LoadedCheckpoint> loaded;
  if (comm_.rank() == 0) loaded = folder.load_newest();
  const std::string text = comm_.broadcast(loaded ? loaded->manifest.dump() : "");
  if (text.empty()) return std::nullopt;
  const auto manifest = nlohmann::json::parse(text);
  if (!loaded) {
    loaded = folder.load_newest();
    if (!loaded || loaded->manifest != manifest) {
      throw EnvironmentError("this rank does not see the checkpoint that rank 0 loaded");
    }
  }
  apply(loaded->tensors);
  rate_.schedule().restore(manifest.at("schedule"));
  TrialPosition position{manifest.at("epochs_done"),
                         manifest.at("steps_in_epoch"),
                         manifest.at("step"),
                         manifest.at("precision"),
                         {}};
  for (const auto& record : manifest.at("history")) {
    position.history.push_back(epoch_record_from_json(record));
  }
  return position;
}

std::string TrainingState::state_sha256() {
  return hash_tensors(collect().named);
}

TrainSums TrainingState::merged_train_sums() {
  std::vector<std::vector<double>> rows;
  for (const TrainSums& sums : step_.sums()) {
    rows.push_back({sums.loss, sums.top1_correct, sums.top5_correct, sums.samples});
  }
  std::vector<double> merged = tree_sum(std::move(rows));
  comm_.sum(std::span<double>(merged));
  return {merged[0], merged[1], merged[2], merged[3]};
}

std::string hash_tensors(const std::vector<NamedTensor>& tensors) {
  Sha256 hash;
  for (const NamedTensor& tensor : tensors) {
    hash.add(nlohmann::json{tensor.name, tensor.dtype, tensor.shape}.dump()).add(tensor.bytes);
  }
  return hash.hex_digest();
}

}  // namespace headway
