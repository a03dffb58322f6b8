#pragma once

#include <filesystem>
#include <vector>

#include "base/component_list.h"
#include "config/schema/catalog.h"
#include "data/packing/image_sink.h"

namespace headway {

/// The data sets. To add one: write datasets/<name>.cpp, then name it here.
using Datasets = ComponentList<class Cifar10, class Cifar100, class FashionMnist>;

/// Where the images of a data set come from.
struct DatasetFiles {
  std::vector<std::filesystem::path> files;  // they and the options decide what is decoded
  DecodePart decode;
};

/// What a data set's file defines.
template <typename Dataset>
struct DatasetComponent {
  static ComponentSpec spec();
  /// Of the whole data set. Must not ask for files that may be absent: plans are made on machines
  /// without data.
  static DatasetDescription describe(const DatasetConfig& config);
  /// ConfigError when they are not there; says where they were looked for and how to get them.
  static DatasetFiles find(const DatasetConfig& config);
};

}  // namespace headway
