#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "training/flat_parameters.h"
#include "training/optimizers/optimizers.h"

namespace headway {

/// Updates flat parameters from their summed gradients.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual void step(double learning_rate) = 0;
  /// The state tensors, each of count() elements laid out like the parameters, by name.
  virtual std::vector<std::pair<std::string, at::Tensor>> state() = 0;
  /// State of the optimiser as a whole, scalars by name, e.g. the steps that it has seen.
  virtual std::vector<std::pair<std::string, at::Tensor>> counters() { return {}; }
};

}  // namespace headway
