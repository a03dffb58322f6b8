// Every data set keeps the family's promises; each is what it is published to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/errors.h"
#include "config/schema/catalog.h"
#include "data/dataset.h"
#include "support/scoped_variable.h"
#include "support/temporary_directory.h"
#include "unit/data/gzip.h"
#include "unit/data/idx_content.h"
#include "unit/data/small_datasets.h"

namespace headway {
namespace {

using testing::HasSubstr;

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const ComponentSpec& spec : catalog(Family::kDataset)) names.push_back(spec.name);
  return names;
}

/// The data set by its default options, and by every other choice that one of them has.
std::vector<DatasetConfig> variants(const std::string& name) {
  DatasetConfig config;
  config.name = name;
  config.options = default_options(Family::kDataset, name);
  std::vector<DatasetConfig> all = {config};
  for (const OptionSpec& option : component(Family::kDataset, name).options) {
    for (const std::string& choice : choices_of(option.limits)) {
      DatasetConfig changed = config;
      changed.options.values()[option.name] = choice;
      if (choice != option.default_value) all.push_back(std::move(changed));
    }
  }
  return all;
}

void expect_agreement(const Dataset& dataset, const DatasetDescription& described) {
  EXPECT_EQ(dataset.classes(), described.classes);
  EXPECT_EQ(dataset.class_names(), described.class_names);
  for (const ImageSet* set : {&dataset.train(), &dataset.test()}) {
    EXPECT_EQ(set->height, described.image.height);
    EXPECT_EQ(set->width, described.image.width);
    EXPECT_EQ(set->channels, described.image.channels);
    EXPECT_EQ(set->images.size(), static_cast<std::size_t>(set->count * set->image_bytes()));
    EXPECT_EQ(set->labels.size(), static_cast<std::size_t>(set->count));
  }
}

void expect_every_class(const Dataset& dataset) {
  for (const ImageSet* set : {&dataset.train(), &dataset.test()}) {
    const std::set<std::int32_t> seen(set->labels.begin(), set->labels.end());
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(dataset.classes()));
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), dataset.classes() - 1);
  }
}

class EveryDataset : public testing::TestWithParam<std::string> {};

// Plans are made on machines without data.
TEST_P(EveryDataset, is_described_where_its_files_are_not) {
  const TemporaryDirectory empty;
  for (DatasetConfig config : variants(GetParam())) {
    config.root = empty.path().string();
    const DatasetDescription described = describe_dataset(config);
    const auto classes = static_cast<std::size_t>(described.classes);
    EXPECT_GE(classes, 2U);
    EXPECT_EQ(described.class_names.size(), classes);
    EXPECT_EQ(std::set(described.class_names.begin(), described.class_names.end()).size(), classes);
    EXPECT_GE(described.train_count, described.classes);
    EXPECT_GE(described.test_count, described.classes);
    EXPECT_EQ(described.mean.size(), static_cast<std::size_t>(described.image.channels));
    EXPECT_EQ(described.std.size(), described.mean.size());
    for (const double mean : described.mean) EXPECT_TRUE(mean > 0 && mean < 1) << mean;
    for (const double std : described.std) EXPECT_TRUE(std > 0 && std <= 0.5) << std;
    EXPECT_THROW(load_dataset(config), ConfigError);
  }
}

TEST_P(EveryDataset, shrinks_in_its_description_as_its_classes_are_cut) {
  for (DatasetConfig config : variants(GetParam())) {
    const DatasetDescription whole = describe_dataset(config);
    config.samples_per_class = 2;
    EXPECT_EQ(describe_dataset(config).train_count, 2 * whole.classes);
    EXPECT_EQ(describe_dataset(config).test_count, whole.test_count);
    config.samples_per_class = whole.train_count;
    EXPECT_EQ(describe_dataset(config).train_count, whole.train_count);
  }
}

TEST_P(EveryDataset, is_what_its_description_says_on_small_files) {
  const TemporaryDirectory directory;
  const ScopedVariable cache("HEADWAY_CACHE", (directory.path() / "cache").string());
  const auto files = directory.path() / "files";
  if (!write_small_dataset(GetParam(), files)) {
    GTEST_SKIP() << "no small files are known for it; see unit/data/small_datasets.h";
  }
  for (DatasetConfig config : variants(GetParam())) {
    config.root = files.string();
    for (int time = 0; time < 2; ++time) {  // decoded, then from its pack
      const auto dataset = load_dataset(config);
      expect_agreement(*dataset, describe_dataset(config));
      expect_every_class(*dataset);
    }
  }
}

TEST_P(EveryDataset, refuses_a_file_cut_off_and_leaves_nothing_behind) {
  const TemporaryDirectory directory;
  const ScopedVariable cache("HEADWAY_CACHE", (directory.path() / "cache").string());
  const auto files = directory.path() / "files";
  if (!write_small_dataset(GetParam(), files)) GTEST_SKIP() << "no small files are known for it";
  for (const auto& entry : std::filesystem::directory_iterator(files)) {
    const auto size = std::filesystem::file_size(entry);
    std::filesystem::resize_file(entry, size - 1);
    for (DatasetConfig config : variants(GetParam())) {
      config.root = files.string();
      EXPECT_THROW(load_dataset(config), ConfigError) << entry.path();
    }
    write_small_dataset(GetParam(), files);
  }
  for (const auto& entry :
       std::filesystem::directory_iterator(directory.path() / "cache/datasets")) {
    EXPECT_EQ(entry.path().extension(), ".lock");
  }
}

INSTANTIATE_TEST_SUITE_P(OfTheCatalog, EveryDataset, testing::ValuesIn(names()), [](const auto& e) {
  return e.param;
});

TEST(Datasets, unknown_name_is_refused_with_the_nearest) {
  DatasetConfig config;
  config.name = "fashion_mnits";
  try {
    load_dataset(config);
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'fashion_mnist'?"));
  }
}

// The data set from where the system keeps it, decoded once into a cache of this program's own.
// Throws what load_dataset throws.
const Dataset& installed(const std::string& name) {
  static const TemporaryDirectory cache;
  static std::map<std::string, std::unique_ptr<Dataset>> loaded;
  if (!loaded.contains(name)) {
    const ScopedVariable variable("HEADWAY_CACHE", cache.path().string());
    loaded[name] = load_dataset(variants(name).front());
  }
  return *loaded.at(name);
}

class InstalledDataset : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    config_ = variants(GetParam()).front();
    try {
      dataset_ = &installed(GetParam());
    } catch (const ConfigError& error) {
      GTEST_SKIP() << error.what();
    }
  }

  DatasetConfig config_;
  const Dataset* dataset_ = nullptr;
};

TEST_P(InstalledDataset, is_what_its_description_says) {
  const DatasetDescription described = describe_dataset(config_);
  expect_agreement(*dataset_, described);
  expect_every_class(*dataset_);
  EXPECT_EQ(dataset_->train().count, described.train_count);
  EXPECT_EQ(dataset_->test().count, described.test_count);
}

// Statistics are published with four decimals or more.
TEST_P(InstalledDataset, has_the_channel_statistics_of_its_description) {
  const ImageSet& train = dataset_->train();
  const DatasetDescription shape = describe_dataset(config_);
  const auto channels = static_cast<std::size_t>(train.channels);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    std::uint64_t sum = 0, square = 0;
    for (std::size_t i = channel; i < train.images.size(); i += channels) {
      const std::uint64_t value = train.images[i];
      sum += value;
      square += value * value;
    }
    const double count = static_cast<double>(train.images.size() / channels);
    const double mean = static_cast<double>(sum) / count / 255;
    const double mean_square = static_cast<double>(square) / count / (255.0 * 255);
    EXPECT_NEAR(mean, shape.mean[channel], 6e-5);
    EXPECT_NEAR(std::sqrt(mean_square - mean * mean), shape.std[channel], 6e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Every,
                         InstalledDataset,
                         testing::ValuesIn(names()),
                         [](const auto& entry) { return entry.param; });

using FashionMnistInstalled = InstalledDataset;

TEST_P(FashionMnistInstalled, has_6000_and_1000_images_of_each_class) {
  for (const auto& [set, expected] :
       {std::pair{&dataset_->train(), 6000}, {&dataset_->test(), 1000}}) {
    std::vector<int> counts(10);
    for (const std::int32_t label : set->labels) ++counts[static_cast<std::size_t>(label)];
    EXPECT_THAT(counts, testing::Each(expected));
  }
}

// The first training image is an ankle boot, the second a T-shirt; so the paper's first figure.
TEST_P(FashionMnistInstalled, names_its_classes_in_published_order) {
  EXPECT_EQ(dataset_->class_names()[static_cast<std::size_t>(dataset_->train().labels[0])],
            "Ankle boot");
  EXPECT_EQ(dataset_->class_names()[static_cast<std::size_t>(dataset_->train().labels[1])],
            "T-shirt/top");
}

TEST_P(FashionMnistInstalled, has_the_published_mean_and_deviation) {
  double sum = 0, square = 0;
  for (const std::uint8_t value : dataset_->train().images) {
    const double scaled = value / 255.0;
    sum += scaled;
    square += scaled * scaled;
  }
  const auto count = static_cast<double>(dataset_->train().images.size());
  EXPECT_NEAR(sum / count, .286041, 1e-6);
  EXPECT_NEAR(std::sqrt(square / count - (sum / count) * (sum / count)), .353024, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Real,
                         FashionMnistInstalled,
                         testing::Values("fashion_mnist"),
                         [](const auto& entry) { return entry.param; });

class FashionMnist : public testing::Test {
 protected:
  DatasetConfig config() const {
    DatasetConfig result;
    result.root = (directory_.path() / "files").string();
    return result;
  }

  TemporaryDirectory directory_;
  ScopedVariable cache_{"HEADWAY_CACHE", (directory_.path() / "cache").string()};
};

TEST_F(FashionMnist, accepts_a_cut_down_set) {
  write_small_fashion_mnist(config().root);
  const auto dataset = load_dataset(config());
  EXPECT_EQ(dataset->train().count, 30);
  EXPECT_EQ(dataset->test().count, 20);
  const std::string values = image_values(20);
  EXPECT_EQ(std::string(dataset->test().images.begin(), dataset->test().images.end()), values);
  EXPECT_EQ(dataset->train().labels[13], 3);
}

// 60,001 images of nothing but zeros: 47 MB from a file of 46 kB.
TEST_F(FashionMnist, refuses_more_images_than_were_published) {
  write_small_fashion_mnist(config().root);
  const std::filesystem::path root = config().root;
  std::filesystem::remove(root / "train-images-idx3-ubyte");
  write_bytes(root / "train-images-idx3-ubyte.gz",
              gzip(idx_content({60001, 28, 28}, std::string(60001U * 784, '\0'))));
  write_bytes(root / "train-labels-idx1-ubyte", idx_content({60001}, label_values(60001)));
  try {
    load_dataset(config());
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("found 60001 images, expected at most 60000"));
  }
}

TEST_F(FashionMnist, leaves_nothing_behind_when_it_is_to_give_up) {
  write_small_fashion_mnist(config().root);
  std::int64_t decoded = 0;
  const LoadWatch watch{.decoded = [&](std::int64_t images) { decoded = images; },
                        .give_up = [&] { return decoded > 0; }};
  EXPECT_THROW(load_dataset(config(), PackCheck::kEveryByte, watch), LoadingGivenUp);
  EXPECT_EQ(decoded, 30) << "the first part";
  for (const auto& entry :
       std::filesystem::directory_iterator(directory_.path() / "cache" / "datasets")) {
    EXPECT_EQ(entry.path().extension(), ".lock") << entry.path();
  }
  EXPECT_EQ(load_dataset(config())->train().count, 30);
}

TEST_F(FashionMnist, says_where_it_looked_and_which_package_brings_it) {
  try {
    load_dataset(config());
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'" + config().root + "/fashion-mnist'"));
    EXPECT_THAT(error.what(), HasSubstr("Debian's package dataset-fashion-mnist brings it"));
  }
}

class Cifars : public testing::TestWithParam<std::string> {
 protected:
  Cifars() {
    config_ = variants(GetParam()).front();
    config_.root = (directory_.path() / "files").string();
  }
  std::filesystem::path file(const char* name) const {
    return std::filesystem::path(config_.root) / name;
  }
  std::string refusal() const {
    try {
      load_dataset(config_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
  ScopedVariable cache_{"HEADWAY_CACHE", (directory_.path() / "cache").string()};
  DatasetConfig config_;
};

TEST_P(Cifars, lie_in_their_published_folder_below_headway_data) {
  const ScopedVariable data("HEADWAY_DATA", config_.root);
  const bool ten = GetParam() == "cifar10";
  write_small_dataset(GetParam(), file(ten ? "cifar-10-batches-bin" : "cifar-100-binary"));
  config_.root.clear();
  EXPECT_EQ(load_dataset(config_)->train().channels, 3);
}

TEST_P(Cifars, say_which_archive_to_get_and_that_it_must_be_unpacked) {
  const std::string archive =
      GetParam() == "cifar10" ? "cifar-10-binary.tar.gz" : "cifar-100-binary.tar.gz";
  EXPECT_THAT(refusal(), HasSubstr("get " + archive + " from https://www.cs.toronto.edu/~kriz/"));
  std::filesystem::create_directories(config_.root);
  write_bytes(file(archive.c_str()), "x");
  EXPECT_THAT(refusal(), HasSubstr(archive + "': unpack it there (tar -xzf)"));
}

TEST_P(Cifars, do_not_read_the_python_version) {
  std::filesystem::create_directories(
      file(GetParam() == "cifar10" ? "cifar-10-batches-py" : "cifar-100-python"));
  EXPECT_THAT(refusal(), HasSubstr("that is the Python version, the binary one is needed"));
}

INSTANTIATE_TEST_SUITE_P(Both, Cifars, testing::Values("cifar10", "cifar100"), [](const auto& e) {
  return e.param;
});

class Cifar10Files : public Cifars {};

TEST_P(Cifar10Files, give_names_to_the_classes) {
  write_small_cifar10(config_.root);
  EXPECT_EQ(load_dataset(config_)->class_names()[9], "truck");
  write_bytes(file("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nlorry\n\n");
  EXPECT_EQ(load_dataset(config_)->class_names()[9], "lorry");
  EXPECT_EQ(describe_dataset(config_).class_names[9], "lorry");
}

TEST_P(Cifar10Files, are_read_in_the_order_of_their_numbers) {
  write_small_cifar10(config_.root);
  const auto dataset = load_dataset(config_);
  EXPECT_EQ(dataset->train().count, 30);
  EXPECT_EQ(dataset->test().count, 20);
  for (int i = 0; i < 30; ++i) {
    const auto first = static_cast<std::size_t>(i) * 3072;
    for (int channel = 0; channel < 3; ++channel) {
      EXPECT_EQ(
          dataset->train().images[first + 3 * (32 * 5 + 4) + static_cast<std::size_t>(channel)],
          cifar_pixel(i, channel, 5, 4));
    }
    EXPECT_EQ(dataset->train().labels[static_cast<std::size_t>(i)], i % 10);
  }
}

TEST_P(Cifar10Files, are_named_when_some_are_missing) {
  write_small_cifar10(config_.root);
  std::filesystem::remove(file("data_batch_3.bin"));
  EXPECT_THAT(refusal(),
              HasSubstr("found 5 of the 6 data files, expected also 'data_batch_3.bin' (or .gz)"));
}

INSTANTIATE_TEST_SUITE_P(Small, Cifar10Files, testing::Values("cifar10"));

class Cifar100Files : public Cifars {};

TEST_P(Cifar100Files, are_read_as_100_classes_or_as_20_groups) {
  write_small_cifar100(config_.root);
  const auto fine = load_dataset(config_);
  config_.options.values()["labels"] = "coarse";
  const auto coarse = load_dataset(config_);
  EXPECT_EQ(fine->classes(), 100);
  EXPECT_EQ(coarse->classes(), 20);
  EXPECT_EQ(fine->train().labels[44], 44);
  EXPECT_EQ(coarse->train().labels[44], 8);
  EXPECT_EQ(fine->class_names()[0], "apple");
  EXPECT_EQ(coarse->class_names()[9], "large_man-made_outdoor_things");
}

INSTANTIATE_TEST_SUITE_P(Small, Cifar100Files, testing::Values("cifar100"));

}  // namespace
}  // namespace headway
