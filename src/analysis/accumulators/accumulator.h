#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/accumulators/accumulators.h"
#include "analysis/accumulators/sample_batch.h"
#include "analysis/statistics/metric.h"

namespace headway {

/// What a first pass over the training images leaves to second passes. Double, on the CPU.
struct TrainResults {
  at::Tensor class_means;  // [K, D]; the row of a class without samples is NaN
};

/// Everything that one shard of one split contributes to some statistics, as one flat vector of
/// doubles that merges by addition: shards and ranks are summed in the fixed tree order.
///
/// The bits of the sums depend on the batches given and on their order, and on nothing else.
class Accumulator {
 public:
  virtual ~Accumulator() = default;

  /// Adds a batch's samples; an empty batch adds nothing.
  virtual void add(const SampleBatch& batch) = 0;
  /// Each metric has a value, or is missing with a reason: see Metric.
  virtual Metrics metrics() const = 0;
  /// Leaves what second passes need; called when the sums are those of all training images.
  virtual void publish(TrainResults&) const {}

  /// All sums, zero at first: setting them to zero empties the accumulator.
  std::span<double> values() { return values_; }
  std::span<const double> values() const { return values_; }

 protected:
  explicit Accumulator(std::size_t count) : values_(count) {}

 private:
  std::vector<double> values_;
};

/// What accumulators are made from. Tensors on any device.
struct AccumulatorInputs {
  at::Tensor class_vectors;          // [K, D] as they stand
  at::Tensor initial_class_vectors;  // [K, D] as drawn
  std::optional<at::Tensor> bias;    // [K]
  /// The trial's loss, summed over a batch's samples; null: cross entropy.
  std::function<double(const SampleBatch&)> loss;
  TrainResults train;  // for second passes

  std::int64_t classes() const { return class_vectors.size(0); }
  std::int64_t feature_size() const { return class_vectors.size(1); }
};

/// Those of one pass over a split.
using Accumulators = std::vector<std::unique_ptr<Accumulator>>;

/// How many values they have together.
std::size_t value_count(const Accumulators& accumulators);
/// All their values, one after the other.
void copy_values(const Accumulators& accumulators, std::span<double> values);
/// The other way round.
void set_values(const Accumulators& accumulators, std::span<const double> values);

/// std::logic_error when there is none of this name.
std::unique_ptr<Accumulator> make_accumulator(std::string_view name,
                                              const AccumulatorInputs& inputs);

}  // namespace headway
