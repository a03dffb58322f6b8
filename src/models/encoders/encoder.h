#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "base/registry.h"
#include "config/schema/catalog.h"
#include "config/schema/trial_config.h"
#include "models/parameter_set.h"

namespace headway {

/// An image encoder: x [B, C, H, W] float (channels_last) -> features z [B, D] float or bfloat16.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// `training` selects batch statistics (and updates the running ones) in batch norm.
  virtual at::Tensor forward(const at::Tensor& images, bool training) = 0;
  virtual std::int64_t feature_size() const = 0;
};

/// Adds its parameters to `parameters`, which must outlive the encoder.
using EncoderFactory = std::unique_ptr<Encoder>(const EncoderConfig&,
                                                const ImageShape&,
                                                ParameterSet& parameters);
const Registry<EncoderFactory>& encoders();

}  // namespace headway
