#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "data/dataset.h"

namespace headway {

/// The data set of the last trial stays loaded: most sweeps use one.
class DatasetCache {
 public:
  const Dataset& get(const DatasetConfig& config) {
    if (!dataset_ || config.name != name_ || config.root != root_ ||
        config.options.values() != options_) {
      dataset_ = load_dataset(config);
      name_ = config.name;
      root_ = config.root;
      options_ = config.options.values();
    }
    return *dataset_;
  }

 private:
  std::string name_;
  std::string root_;
  nlohmann::json options_;
  std::unique_ptr<Dataset> dataset_;
};

}  // namespace headway
