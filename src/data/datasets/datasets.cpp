#include "data/dataset.h"

namespace headway {

// To add a data set: write datasets/<name>.cpp, then name it here.
DatasetFactory make_fashion_mnist;

const Registry<DatasetFactory>& datasets() {
  static const Registry<DatasetFactory> table{"data set", {{"fashion_mnist", make_fashion_mnist}}};
  return table;
}

std::unique_ptr<Dataset> load_dataset(const DatasetConfig& config) {
  return datasets().at(config.name)(config);
}

}  // namespace headway
