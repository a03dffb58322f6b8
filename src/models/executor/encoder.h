#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "config/schema/trial_config.h"
#include "models/graph/graph.h"
#include "models/parameter_set.h"

namespace headway {

/// Runs an encoder's graph with LibTorch.
class Encoder {
 public:
  /// Adds the graph's parameters to `parameters`, which must outlive the encoder: in the order of
  /// its nodes, under its names, with PyTorch's default initial values.
  Encoder(const Graph& graph, ParameterSet& parameters);
  ~Encoder();
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  /// x [B, C, H, W] float (best channels_last) -> features z [B, D] float or bfloat16. `training`
  /// selects batch statistics (and updates the running ones) in batch norm. May run in several
  /// threads at once.
  at::Tensor forward(const at::Tensor& images, bool training) const;
  std::int64_t feature_size() const;

 private:
  class Program;
  std::unique_ptr<const Program> program_;
};

/// The encoder that `config` names, for images of this shape.
std::unique_ptr<Encoder> make_encoder(const EncoderConfig& config,
                                      const ImageShape& image,
                                      ParameterSet& parameters);

}  // namespace headway
