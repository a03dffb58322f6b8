#pragma once

#include <memory>

#include "base/component_list.h"
#include "config/schema/catalog.h"

namespace headway {

class Loss;

// To add a loss: name its tag here, and write losses/NAME_spec.cpp (free of LibTorch) and
// losses/NAME.cpp with the two members of LossComponent for that tag.
using Losses = ComponentList<class CrossEntropy, class Mse>;

using LossFactory = std::unique_ptr<Loss>(const Options&);

template <typename Tag>
struct LossComponent {
  static LossSpec spec();
  static LossFactory make;
};

/// `config.name` must be known; options that it lacks get their defaults. Needs LibTorch.
std::unique_ptr<Loss> make_loss(const LossConfig& config);

}  // namespace headway
