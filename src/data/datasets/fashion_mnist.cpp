#include "data/datasets/datasets.h"
#include "data/readers/data_folders.h"
#include "data/readers/idx.h"

namespace headway {
namespace {

constexpr IdxShape kShape{.classes = 10, .height = 28, .width = 28};

const DataPlaces& places() {
  static const DataPlaces places{
      .folder_names = {"fashion-mnist", "fashion_mnist"},
      .system_folder = "/usr/share/datasets/fashion-mnist",
      .how_to_get =
          "Debian's package dataset-fashion-mnist brings it, or set dataset.root or "
          "HEADWAY_DATA to the folder that holds the four files"};
  return places;
}

}  // namespace

template <>
ComponentSpec DatasetComponent<FashionMnist>::spec() {
  return {.name = "fashion_mnist",
          .summary = "10 kinds of clothing, 28 x 28 grey; 60,000 training and 10,000 test images",
          .source = "Xiao, Rasul and Vollgraf, arXiv 1708.07747"};
}

template <>
DatasetDescription DatasetComponent<FashionMnist>::describe(const DatasetConfig&) {
  return {.classes = kShape.classes,
          .image = {1, kShape.height, kShape.width},
          .train_count = 60000,
          .test_count = 10000,
          .mean = {0.286041},
          .std = {0.353024},
          .class_names = {"T-shirt/top",
                          "Trouser",
                          "Pullover",
                          "Dress",
                          "Coat",
                          "Sandal",
                          "Shirt",
                          "Sneaker",
                          "Bag",
                          "Ankle boot"}};
}

/// A cut-down set in the same format is accepted.
template <>
DatasetFiles DatasetComponent<FashionMnist>::find(const DatasetConfig& config) {
  const auto files = find_data_files(config, places(), mnist_files());
  return {.files = files, .decode = [files](DatasetPart part, ImageSink& sink) {
            const std::size_t first = part == DatasetPart::kTrain ? 0 : 2;
            read_idx_pair(files[first], files[first + 1], kShape, sink);
          }};
}

}  // namespace headway
