#include "data/packing/resident_dataset.h"
#include "data/readers/idx.h"
#include "data/readers/idx_files.h"

namespace headway {
namespace {

constexpr IdxShape kShape{.classes = 10, .height = 28, .width = 28};

DecodedDataset decode(const IdxFiles& files) {
  return {.classes = kShape.classes,
          .height = kShape.height,
          .width = kShape.width,
          .channels = 1,
          .train = read_idx_pair(files.train_images, files.train_labels, kShape),
          .test = read_idx_pair(files.test_images, files.test_labels, kShape)};
}

}  // namespace

/// Xiao, Rasul & Vollgraf, "Fashion-MNIST", arXiv 1708.07747: 28 x 28 grey, 60,000 + 10,000. A
/// cut-down set in the same format is accepted.
std::unique_ptr<Dataset> make_fashion_mnist(const DatasetConfig& config) {
  const IdxPlaces places{
      .folder_names = {"fashion-mnist", "fashion_mnist"},
      .system_folder = "/usr/share/datasets/fashion-mnist",
      .how_to_get =
          "Debian's package dataset-fashion-mnist brings it, or set dataset.root or "
          "HEADWAY_DATA to the folder that holds the four files"};
  const IdxFiles files = find_idx_files(config, places);
  return make_resident_dataset({.name = "fashion_mnist",
                                .files = files.all(),
                                .class_names = {"T-shirt/top",
                                                "Trouser",
                                                "Pullover",
                                                "Dress",
                                                "Coat",
                                                "Sandal",
                                                "Shirt",
                                                "Sneaker",
                                                "Bag",
                                                "Ankle boot"},
                                .decode = [files] { return decode(files); }});
}

}  // namespace headway
