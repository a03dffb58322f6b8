#include "data/datasets/datasets.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/errors.h"
#include "config/schema/catalog_tables.h"
#include "data/data_files.h"
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

/// Passes images on and counts them.
class WatchedSink final : public ImageSink {
 public:
  WatchedSink(ImageSink& sink, std::int64_t& count, const LoadWatch& watch)
      : sink_(sink), count_(count), watch_(watch) {}

  void add(std::span<const std::uint8_t> images, std::span<const std::int32_t> labels) override {
    if (watch_.give_up()) throw LoadingGivenUp();
    sink_.add(images, labels);
    count_ += static_cast<std::int64_t>(labels.size());
    watch_.decoded(count_);
  }
  std::int64_t most_images() const override { return sink_.most_images(); }

 private:
  ImageSink& sink_;
  std::int64_t& count_;
  const LoadWatch& watch_;
};

DecodePart watched(DecodePart decode, const LoadWatch& watch) {
  return [decode = std::move(decode), &watch, count = std::int64_t{0}](DatasetPart part,
                                                                       ImageSink& sink) mutable {
    WatchedSink watched(sink, count, watch);
    decode(part, watched);
  };
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

void expect_data_files(const DatasetConfig& config) {
  entry(config.name).find(config);
}

std::unique_ptr<Dataset> load_dataset(const DatasetConfig& config,
                                      PackCheck check,
                                      const LoadWatch& watch) {
  DatasetFiles files = entry(config.name).find(config);
  DatasetDescription dataset = entry(config.name).describe(config);  // whole
  const nlohmann::json& options = config.options.values();
  return make_resident_dataset({.name = config.name,
                                .variant = options.empty() ? "" : options.dump(),
                                .files = std::move(files.files),
                                .image = dataset.image,
                                .class_names = std::move(dataset.class_names),
                                .decode = watched(std::move(files.decode), watch),
                                .most = {dataset.train_count, dataset.test_count}},
                               check,
                               watch.give_up);
}

}  // namespace headway
