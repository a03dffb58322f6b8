#include "data/datasets/datasets.h"
#include "data/readers/cifar.h"
#include "data/readers/classes.h"
#include "data/readers/data_folders.h"

namespace headway {
namespace {

const CifarFormat& format() {
  static const CifarFormat format{.labels = {{"label", 10}}};
  return format;
}

const DataPlaces& places() {
  static const DataPlaces places{
      .folder_names = {"cifar-10-batches-bin", "cifar10", "cifar-10"},
      .how_to_get =
          "get cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it "
          "(tar -xzf) and set dataset.root or HEADWAY_DATA to the folder that then holds "
          "cifar-10-batches-bin",
      .hints = {
          {"cifar-10-binary.tar.gz", "unpack it there (tar -xzf)"},
          {"cifar-10-batches-py", "that is the Python version, the binary one is needed"},
          {"cifar-10-python.tar.gz", "that is the Python version, the binary one is needed"}}};
  return places;
}

/// Five files to train on, one to test on.
const std::vector<WantedFile>& wanted_files() {
  static const std::vector<WantedFile> files = {{"data_batch_1.bin"},
                                                {"data_batch_2.bin"},
                                                {"data_batch_3.bin"},
                                                {"data_batch_4.bin"},
                                                {"data_batch_5.bin"},
                                                {"test_batch.bin"}};
  return files;
}

}  // namespace

template <>
ComponentSpec DatasetComponent<Cifar10>::spec() {
  return {.name = "cifar10",
          .summary =
              "10 kinds of animals and vehicles, 32 x 32 in colour; 50,000 training and "
              "10,000 test images",
          .source = "Krizhevsky, 'Learning multiple layers of features from tiny images', 2009"};
}

/// The names in batches.meta.txt, if it is there, count more than the published ones.
template <>
DatasetDescription DatasetComponent<Cifar10>::describe(const DatasetConfig& config) {
  DatasetDescription dataset{
      .classes = format().labels[0].classes,
      .image = {CifarFormat::kChannels, CifarFormat::kSide, CifarFormat::kSide},
      .train_count = 50000,
      .test_count = 10000,
      .mean = {0.4914, 0.4822, 0.4465},
      .std = {0.2470, 0.2435, 0.2616},
      .class_names = {"airplane",
                      "automobile",
                      "bird",
                      "cat",
                      "deer",
                      "dog",
                      "frog",
                      "horse",
                      "ship",
                      "truck"}};
  dataset.class_names = class_names_or(find_data_file(config, places(), {"batches.meta.txt"}),
                                       std::move(dataset.class_names));
  return dataset;
}

/// A cut-down set in the same format is accepted.
template <>
DatasetFiles DatasetComponent<Cifar10>::find(const DatasetConfig& config) {
  const auto files = find_data_files(config, places(), wanted_files());
  return {.files = files, .decode = [files](DatasetPart part, ImageSink& sink) {
            const auto test = files.end() - 1;
            const bool train = part == DatasetPart::kTrain;
            read_cifar(train ? std::vector(files.begin(), test) : std::vector(test, files.end()),
                       format(),
                       sink);
          }};
}

}  // namespace headway
