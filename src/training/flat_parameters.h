#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <vector>

#include "comm/communicator.h"
#include "comm/device_communicator.h"
#include "models/parameter_set.h"

namespace headway {

/// What ranks tell one another at every step, in the same message as the gradients.
enum StepSignal : std::size_t { kLossSignal, kStopSignal, kCheckpointSignal, kStepSignals };

/// All parameters of a model in one flat float32 storage, and their gradients in another: one sum
/// over ranks and two optimiser calls a step, whatever the number of layers. Decayed parameters
/// come first. Convolution weights lie in channels_last order.
class FlatParameters {
 public:
  /// Moves the tensors of `parameters` into the flat storage on `device`, as views, and the buffers
  /// there too. `decayed` has one entry per parameter. On CPUs gradients live in `comm`'s memory,
  /// so that ranks of one node sum them in place. Collective.
  FlatParameters(ParameterSet& parameters,
                 const std::vector<bool>& decayed,
                 Communicator& comm,
                 at::Device device);

  /// [n] views of the storages; `decayed` selects the parameters with or without weight decay.
  at::Tensor values(bool decayed) const;
  at::Tensor gradients(bool decayed) const;
  /// [n]; without the signals.
  const at::Tensor& all_gradients() const { return gradients_; }
  float& signal(StepSignal which) const { return signals_[which]; }
  void clear_gradients();
  /// Sums gradients and signals over ranks; `ordered` as in DeviceCommunicator. Collective.
  void sum_over_ranks(bool ordered);

  /// A tensor of `flat`'s storage, shaped and strided like parameter `index`.
  at::Tensor view(const at::Tensor& flat, std::size_t index) const;
  std::int64_t count() const { return static_cast<std::int64_t>(count_); }
  /// The part of a flat tensor of count() elements that decays, or the part that does not.
  at::Tensor part(const at::Tensor& flat, bool decayed) const;

 private:
  void allocate(at::Device device);

  struct Place {
    std::int64_t offset = 0;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
  };

  std::vector<Place> places_;
  std::size_t count_ = 0;
  std::size_t decayed_count_ = 0;
  at::Tensor values_;
  at::Tensor gradients_;
  std::unique_ptr<SummedArray> array_;
  std::span<float> message_;  // summed over ranks by comm_: on CPUs the gradients, then the signals
  std::span<float> signals_;
  Communicator& comm_;
  std::unique_ptr<DeviceCommunicator> gpus_;  // sums gradients in GPU memory
};

}  // namespace headway
