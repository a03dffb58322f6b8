#include "data/datasets/datasets.h"

#include <algorithm>

#include "base/errors.h"
#include "config/schema/catalog_tables.h"
#include "data/dataset.h"
#include "data/packing/resident_dataset.h"

namespace headway {
namespace {

struct DatasetEntry {
  ComponentSpec spec;
  DatasetDescription (*describe)(const DatasetConfig&);
  DatasetFiles (*find)(const DatasetConfig&);
};

const DatasetEntry& entry(const std::string& name) {
  static const std::vector<DatasetEntry> entries = Datasets::collect([]<typename D>() {
    return DatasetEntry{
        DatasetComponent<D>::spec(), &DatasetComponent<D>::describe, &DatasetComponent<D>::find};
  });
  const std::string& known = component(Family::kDataset, name).name;
  return *std::ranges::find(entries, known, [](const DatasetEntry& e) { return e.spec.name; });
}

}  // namespace

std::vector<ComponentSpec> dataset_table() {
  return Datasets::collect([]<typename D>() { return DatasetComponent<D>::spec(); });
}

DatasetDescription describe_dataset(const DatasetConfig& config) {
  DatasetDescription dataset = entry(config.name).describe(config);
  if (config.samples_per_class) {
    dataset.train_count =
        std::min(dataset.train_count, *config.samples_per_class * dataset.classes);
  }
  return dataset;
}

std::unique_ptr<Dataset> load_dataset(const DatasetConfig& config, PackCheck check) {
  DatasetFiles files = entry(config.name).find(config);
  DatasetDescription dataset = entry(config.name).describe(config);  // whole
  const nlohmann::json& options = config.options.values();
  return make_resident_dataset({.name = config.name,
                                .variant = options.empty() ? "" : options.dump(),
                                .files = std::move(files.files),
                                .image = dataset.image,
                                .class_names = std::move(dataset.class_names),
                                .decode = std::move(files.decode),
                                .most = {dataset.train_count, dataset.test_count}},
                               check);
}

}  // namespace headway
