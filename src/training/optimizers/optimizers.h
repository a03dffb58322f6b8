#pragma once

#include <memory>

#include "base/component_list.h"
#include "base/registry.h"
#include "config/schema/catalog.h"
#include "config/schema/trial_config.h"

namespace headway {

class FlatParameters;
class Optimizer;

/// One optimizer, specialised for its tag: what it says about itself, in <name>_spec.cpp, free of
/// LibTorch, and how it is made, in <name>.cpp. `parameters` must outlive it.
template <typename Name>
struct OptimizerComponent {
  static ComponentSpec spec();
  static std::unique_ptr<Optimizer> make(const OptimizerConfig&, FlatParameters& parameters);
};

/// To add an optimizer: write the two files, then name it here.
using Optimizers = ComponentList<class AdamW, class Sgd>;

using OptimizerFactory = std::unique_ptr<Optimizer>(const OptimizerConfig&, FlatParameters&);
const Registry<OptimizerFactory>& optimizers();

}  // namespace headway
