#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/philox.h"
#include "models/layers/batch_norm/statistics_exchange.h"

namespace headway {

/// What a parameter is, which decides whether weight decay acts on it.
enum class ParameterKind { kWeight, kBias, kBatchNorm, kClassVectors, kScale };

struct Parameter {
  std::string name;  // as PyTorch's state_dict spells it, e.g. "layer1.0.conv1.weight"
  ParameterKind kind;
  at::Tensor tensor;  // float32, requires_grad
};

struct Buffer {
  std::string name;   // e.g. "bn1.running_mean"
  at::Tensor tensor;  // float32, or int64 scalar for num_batches_tracked
  /// Batch-norm statistics: each shard of the global batch has its own copy.
  bool per_shard = false;
};

/// All parameters and buffers of a model, in the order they were made. Components keep the index
/// that add_* returns and look the tensor up at each forward pass, so that the trainer may move all
/// parameters into one flat storage and swap a shard's buffers in.
class ParameterSet {
 public:
  explicit ParameterSet(std::int64_t init_seed) : init_seed_(init_seed) {}

  /// Filled from U(-bound, bound), a pure function of (init seed, name).
  std::size_t add_uniform(const std::string& name,
                          ParameterKind kind,
                          at::IntArrayRef shape,
                          double bound);
  std::size_t add_constant(const std::string& name,
                           ParameterKind kind,
                           at::IntArrayRef shape,
                           double value);
  /// Takes a copy of `values`.
  std::size_t add_values(const std::string& name, ParameterKind kind, const at::Tensor& values);
  std::size_t add_buffer(const std::string& name, const at::Tensor& initial, bool per_shard);

  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::vector<Buffer>& buffers() { return buffers_; }
  const std::vector<Buffer>& buffers() const { return buffers_; }
  const at::Tensor& parameter(std::size_t index) const { return parameters_[index].tensor; }
  const at::Tensor& buffer(std::size_t index) const { return buffers_[index].tensor; }

  /// What batch norm in training asks for the statistics of the whole batch; null: it goes by the
  /// shard that it is given. Not owned.
  void set_statistics_exchange(StatisticsExchange* exchange) { exchange_ = exchange; }
  StatisticsExchange* statistics_exchange() const { return exchange_; }

 private:
  void check_new(const std::string& name) const;

  std::int64_t init_seed_;
  std::vector<Parameter> parameters_;
  std::vector<Buffer> buffers_;
  StatisticsExchange* exchange_ = nullptr;
};

}  // namespace headway
