#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "comm/communicator.h"
#include "data/dataset.h"

namespace headway {

/// The same data on all ranks. The first rank of each node decodes and verifies, the others of the
/// node then open what it has left them. What strikes one rank ends as an error on all of them, a
/// ConfigError when all errors are; a rank that gives up ends it with LoadingGivenUp on all.
/// Collective.
std::unique_ptr<Dataset> load_on_all_ranks(const DatasetConfig& config,
                                           Communicator& comm,
                                           const LoadWatch& watch = {});

/// The data set of the last trial stays loaded: most sweeps use one.
class DatasetCache {
 public:
  /// Collective.
  const Dataset& get(const DatasetConfig& config, Communicator& comm, const LoadWatch& watch = {}) {
    if (!dataset_ || config.name != name_ || config.root != root_ ||
        config.options.values() != options_) {
      dataset_ = load_on_all_ranks(config, comm, watch);
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
