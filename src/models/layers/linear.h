#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "models/graph/graph.h"
#include "models/parameter_set.h"

namespace headway {

/// y = x W' + b. Parameters "<name>.weight" [out, in] and, with bias, "<name>.bias" [out], both
/// drawn from U(±1/sqrt(in)), PyTorch's default.
class Linear {
 public:
  Linear(ParameterSet& parameters, const std::string& name, const LinearLayer& shape);

  /// x [B, in] -> [B, out].
  at::Tensor forward(const at::Tensor& x) const;

 private:
  const ParameterSet* parameters_;
  std::size_t weight_;
  std::optional<std::size_t> bias_;
};

}  // namespace headway
