#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "base/registry.h"
#include "config/schema/trial_config.h"
#include "models/class_vectors/class_vectors.h"
#include "models/parameter_set.h"

namespace headway {

struct HeadShape {
  std::int64_t features = 0;  // D
  std::int64_t classes = 0;   // K
};

/// A classification head over class vectors W [K, D]: features z [B, D] -> logits [B, K], float32
/// also under bfloat16 autocast.
class Head {
 public:
  virtual ~Head() = default;
  virtual at::Tensor forward(const at::Tensor& features) = 0;
  /// W [K, D] as it stands now; a parameter when learned, else a buffer; named "linear.weight".
  virtual at::Tensor class_vectors() const = 0;
  /// b [K] as it stands now, when the head has one; "linear.bias", a parameter or a frozen buffer.
  virtual std::optional<at::Tensor> bias() const = 0;
  /// True when only the direction of a class vector matters (no weight decay on it by default).
  virtual bool normalises_class_vectors() const = 0;
};

/// What a head is made from besides its own configuration.
struct HeadInputs {
  HeadShape shape;
  const ClassVectors& class_vectors;  // drawn; the head's copy starts from these bytes
  bool learned = true;                // parameter or fixed buffer
};

/// Adds its parameters to `parameters`, which must outlive the head.
using HeadFactory = std::unique_ptr<Head>(const HeadConfig&,
                                          const HeadInputs&,
                                          ParameterSet& parameters);
const Registry<HeadFactory>& heads();

}  // namespace headway
