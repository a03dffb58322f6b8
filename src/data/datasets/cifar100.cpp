#include <iterator>
#include <sstream>

#include "data/datasets/datasets.h"
#include "data/readers/cifar.h"
#include "data/readers/classes.h"
#include "data/readers/data_folders.h"

namespace headway {
namespace {

constexpr const char* kFineNames =
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus "
    "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach "
    "couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster "
    "house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree "
    "motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear "
    "pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket "
    "rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar "
    "sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip "
    "turtle wardrobe whale willow_tree wolf woman worm";
constexpr const char* kCoarseNames =
    "aquatic_mammals fish flowers food_containers fruit_and_vegetables "
    "household_electrical_devices household_furniture insects large_carnivores "
    "large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores "
    "medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 "
    "vehicles_2";

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool is_fine(const DatasetConfig& config) {
  return config.options.text("labels") == "fine";
}

/// The superclass and the class of an image.
CifarFormat format_of(const DatasetConfig& config) {
  return {.labels = {{"coarse label", 20}, {"fine label", 100}},
          .used = is_fine(config) ? std::size_t{1} : std::size_t{0}};
}

const DataPlaces& places() {
  static const DataPlaces places{
      .folder_names = {"cifar-100-binary", "cifar100", "cifar-100"},
      .how_to_get =
          "get cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it "
          "(tar -xzf) and set dataset.root or HEADWAY_DATA to the folder that then holds "
          "cifar-100-binary",
      .hints = {
          {"cifar-100-binary.tar.gz", "unpack it there (tar -xzf)"},
          {"cifar-100-python", "that is the Python version, the binary one is needed"},
          {"cifar-100-python.tar.gz", "that is the Python version, the binary one is needed"}}};
  return places;
}

const std::vector<WantedFile>& wanted_files() {
  static const std::vector<WantedFile> files = {{"train.bin"}, {"test.bin"}};
  return files;
}

}  // namespace

template <>
ComponentSpec DatasetComponent<Cifar100>::spec() {
  return {.name = "cifar100",
          .summary =
              "100 kinds of things, animals and plants in 20 groups, 32 x 32 in colour; "
              "50,000 training and 10,000 test images",
          .source = "Krizhevsky, 'Learning multiple layers of features from tiny images', 2009",
          .options = {{.name = "labels",
                       .type = OptionType::kText,
                       .default_value = "fine",
                       .summary = "the 100 kinds, or the 20 groups of five kinds each",
                       .limits = {.choices = {"fine", "coarse"}}}}};
}

/// The names in fine_label_names.txt or coarse_label_names.txt, if it is there, count more than the
/// published ones.
template <>
DatasetDescription DatasetComponent<Cifar100>::describe(const DatasetConfig& config) {
  const CifarFormat format = format_of(config);
  const bool fine = is_fine(config);
  DatasetDescription dataset{
      .classes = format.labels[format.used].classes,
      .image = {CifarFormat::kChannels, CifarFormat::kSide, CifarFormat::kSide},
      .train_count = 50000,
      .test_count = 10000,
      .mean = {0.50708, 0.48655, 0.44092},
      .std = {0.26733, 0.25644, 0.27615},
      .class_names = words_of(fine ? kFineNames : kCoarseNames)};
  const char* const file = fine ? "fine_label_names.txt" : "coarse_label_names.txt";
  dataset.class_names =
      class_names_or(find_data_file(config, places(), {file}), std::move(dataset.class_names));
  return dataset;
}

/// A cut-down set in the same format is accepted.
template <>
DatasetFiles DatasetComponent<Cifar100>::find(const DatasetConfig& config) {
  const auto files = find_data_files(config, places(), wanted_files());
  return {.files = files,
          .decode = [files, format = format_of(config)](DatasetPart part, ImageSink& sink) {
            read_cifar({part == DatasetPart::kTrain ? files[0] : files[1]}, format, sink);
          }};
}

}  // namespace headway
