// Every data set keeps the family's promises; Fashion-MNIST is what it is published to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "base/errors.h"
#include "config/schema/catalog.h"
#include "data/dataset.h"
#include "support/temporary_directory.h"
#include "unit/data/idx_content.h"
#include "unit/data/scoped_variable.h"

namespace headway {
namespace {

using testing::HasSubstr;

TEST(Datasets, are_these) {
  EXPECT_EQ(datasets().names(), (std::vector<std::string>{"fashion_mnist"}));
}

TEST(Datasets, are_those_of_the_catalog) {
  std::vector<std::string> described;
  for (const ComponentSpec& spec : catalog(Family::kDataset)) described.push_back(spec.name);
  EXPECT_EQ(datasets().names(), described);
}

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
    DatasetConfig config;
    config.name = name;
    loaded[name] = load_dataset(config);
  }
  return *loaded.at(name);
}

class InstalledDataset : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    config_.name = GetParam();
    try {
      dataset_ = &installed(GetParam());
    } catch (const ConfigError& error) {
      GTEST_SKIP() << error.what();
    }
  }

  DatasetConfig config_;
  const Dataset* dataset_ = nullptr;
};

TEST_P(InstalledDataset, agrees_with_its_catalog_entry) {
  const DatasetDescription shape = describe_dataset(config_);
  EXPECT_EQ(dataset_->classes(), shape.classes);
  EXPECT_EQ(dataset_->class_names().size(), static_cast<std::size_t>(shape.classes));
  EXPECT_EQ(dataset_->train().count, shape.train_count);
  EXPECT_EQ(dataset_->test().count, shape.test_count);
  for (const ImageSet* set : {&dataset_->train(), &dataset_->test()}) {
    EXPECT_EQ(set->height, shape.image.height);
    EXPECT_EQ(set->width, shape.image.width);
    EXPECT_EQ(set->channels, shape.image.channels);
    EXPECT_EQ(set->images.size(), static_cast<std::size_t>(set->count * set->image_bytes()));
    EXPECT_EQ(set->labels.size(), static_cast<std::size_t>(set->count));
  }
}

TEST_P(InstalledDataset, has_every_class_and_no_other) {
  for (const ImageSet* set : {&dataset_->train(), &dataset_->test()}) {
    const std::set<std::int32_t> seen(set->labels.begin(), set->labels.end());
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(dataset_->classes()));
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), dataset_->classes() - 1);
  }
}

TEST_P(InstalledDataset, has_the_channel_statistics_of_its_catalog_entry) {
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
    EXPECT_NEAR(mean, shape.mean[channel], 1e-6);
    EXPECT_NEAR(std::sqrt(mean_square - mean * mean), shape.std[channel], 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Every,
                         InstalledDataset,
                         testing::ValuesIn(datasets().names()),
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

TEST_F(FashionMnist, says_where_it_looked_and_which_package_brings_it) {
  try {
    load_dataset(config());
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'" + config().root + "/fashion-mnist'"));
    EXPECT_THAT(error.what(), HasSubstr("Debian's package dataset-fashion-mnist brings it"));
  }
}

}  // namespace
}  // namespace headway
