#include <algorithm>

#include "config/schema/catalog.h"

namespace headway {

DatasetDescription describe_dataset(const DatasetConfig& config) {
  component(Family::kDataset, config.name);
  DatasetDescription shape{.classes = 10,
                           .image = {1, 28, 28},
                           .train_count = 60000,
                           .test_count = 10000,
                           .mean = {0.286041},
                           .std = {0.353024}};
  if (config.samples_per_class) {
    shape.train_count = std::min(shape.train_count, *config.samples_per_class * shape.classes);
  }
  return shape;
}

}  // namespace headway
