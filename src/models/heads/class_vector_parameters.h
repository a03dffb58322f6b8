#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "models/heads/head.h"
#include "models/parameter_set.h"

namespace headway {

/// What most heads have: class vectors W [K, D], "linear.weight", and a bias b [K], "linear.bias".
/// Either is a parameter when learned and a buffer when fixed. The bias starts at 0.01, as in the
/// code of arXiv 2011.08704.
class ClassVectorParameters {
 public:
  /// `bias`: none | learned | frozen.
  ClassVectorParameters(const HeadInputs& inputs,
                        const std::string& bias,
                        ParameterSet& parameters);

  at::Tensor class_vectors() const { return weight_.tensor(*parameters_); }
  std::optional<at::Tensor> bias() const;

 private:
  struct Place {
    bool learned = false;
    std::size_t index = 0;

    const at::Tensor& tensor(const ParameterSet& parameters) const {
      return learned ? parameters.parameter(index) : parameters.buffer(index);
    }
  };

  const ParameterSet* parameters_;
  Place weight_;
  std::optional<Place> bias_;
};

/// Features of any floating dtype and shape [B, D] as float32; a std::logic_error for another
/// shape.
at::Tensor float_features(const at::Tensor& features, const at::Tensor& class_vectors);

}  // namespace headway
