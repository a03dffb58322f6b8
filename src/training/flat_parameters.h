#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <vector>

#include "comm/communicator.h"
#include "comm/nccl/device_array.h"
#include "models/parameter_set.h"

namespace headway {

/// What ranks tell one another at every step, in the same message as the gradients.
enum StepSignal : std::size_t { kLossSignal, kStopSignal, kCheckpointSignal, kStepSignals };

/// Where gradients lie and how they are summed over ranks.
struct GradientOptions {
  at::Device device = at::kCPU;
  SumPrecision precision = SumPrecision::kFloat32;
  bool ordered = true;  // in tree order on GPUs too, see DeviceSumOptions
};

/// All parameters of a model in one flat float32 storage, and their gradients in another: one sum
/// over ranks and two optimiser calls a step, whatever the number of layers. Decayed parameters
/// come first. Within each part the parameters that were made last do: a backward pass reaches
/// them first, so that gradients become final from the front. Convolution weights lie in
/// channels_last order.
///
/// A step sets the gradients, sums them over ranks, reads the sum and releases it.
class FlatParameters {
 public:
  /// Moves the tensors of `parameters` into the flat storage on `options.device`, as views, and the
  /// buffers there too. `decayed` has one entry per parameter. Gradients live where the ranks can
  /// sum them in place. Collective.
  FlatParameters(ParameterSet& parameters,
                 const std::vector<bool>& decayed,
                 Communicator& comm,
                 const GradientOptions& options);
  FlatParameters(ParameterSet& parameters,
                 const std::vector<bool>& decayed,
                 Communicator& comm,
                 at::Device device)
      : FlatParameters(parameters, decayed, comm, GradientOptions{device}) {}

  /// [n] views of the storages; `decayed` selects the parameters with or without weight decay.
  at::Tensor values(bool decayed) const;
  /// Summed over ranks, from sum_over_ranks() to end_read().
  at::Tensor summed_gradients(bool decayed) const { return part(summed_gradients_, decayed); }
  const at::Tensor& summed_gradients() const { return summed_gradients_; }
  float signal(StepSignal which) const { return summed_signals_[which]; }

  /// This rank's own, [n]; without the signals.
  const at::Tensor& all_gradients() const { return gradients_; }
  /// Makes `gradient` that of parameter `index`, and returns it as a view of the flat gradients.
  at::Tensor set_gradient(std::size_t index, const at::Tensor& gradient);
  void clear_gradient(std::size_t index);
  void set_signal(StepSignal which, float value);
  /// The first `count` gradients are final: their sum over ranks may begin, see AllReduceBuffer.
  void mark_ready(std::size_t count);
  /// Sums gradients and signals over ranks. Collective.
  void sum_over_ranks();
  /// The sum has been read. Gradients may be set again, once the other ranks have read it, too.
  void end_read();
  SumPrecision precision() const { return options_.precision; }

  /// The parameters' indexes in the order of their places, and where each place begins.
  const std::vector<std::size_t>& order() const { return order_; }
  std::size_t offset(std::size_t index) const {
    return static_cast<std::size_t>(places_[index].offset);
  }
  /// A tensor of `flat`'s storage, shaped and strided like parameter `index`.
  at::Tensor view(const at::Tensor& flat, std::size_t index) const;
  std::int64_t count() const { return static_cast<std::int64_t>(count_); }
  /// The part of a flat tensor of count() elements that decays, or the part that does not.
  at::Tensor part(const at::Tensor& flat, bool decayed) const;

 private:
  void lay_out(const std::vector<Parameter>& parameters, const std::vector<bool>& decayed);
  void allocate();
  void begin_write();

  struct Place {
    std::int64_t offset = 0;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
  };

  std::vector<Place> places_;
  std::vector<std::size_t> order_;
  std::size_t count_ = 0;
  std::size_t decayed_count_ = 0;
  Communicator& comm_;
  GradientOptions options_;
  std::unique_ptr<AllReduceBuffer> message_;         // on CPUs the gradients, then the signals
  std::unique_ptr<AllReduceBuffer> device_message_;  // gradients of several ranks in GPU memory
  std::span<float> signals_;
  std::span<float> summed_signals_;
  at::Tensor values_;
  at::Tensor gradients_;
  at::Tensor summed_gradients_;  // the same memory, or what the ranks of a node share
};

}  // namespace headway
