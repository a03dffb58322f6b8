#pragma once

#include <string>
#include <vector>

#include "base/philox.h"
#include "data/dataset.h"
#include "data/packing/data_hash.h"

namespace headway {

/// A small learnable data set: class k is a bright stripe at row k, under noise. Square, one
/// channel.
class SyntheticDataset final : public Dataset {
 public:
  static constexpr std::int64_t kSide = 12;

  SyntheticDataset(std::int64_t classes,
                   std::int64_t train_per_class,
                   std::int64_t test_per_class,
                   std::int64_t side = kSide)
      : classes_(classes), side_(side) {
    fill(train_, train_images_, train_labels_, train_per_class, 1);
    fill(test_, test_images_, test_labels_, test_per_class, 2);
    for (std::int64_t k = 0; k < classes; ++k) names_.push_back("class " + std::to_string(k));
    identity_ = {data_sha256(train_, test_), "/synthetic"};
  }

  const ImageSet& train() const override { return train_; }
  const ImageSet& test() const override { return test_; }
  std::int64_t classes() const override { return classes_; }
  const std::vector<std::string>& class_names() const override { return names_; }
  const DataIdentity& identity() const override { return identity_; }

 private:
  void fill(ImageSet& set,
            std::vector<std::uint8_t>& images,
            std::vector<std::int32_t>& labels,
            std::int64_t per_class,
            std::uint64_t seed) const {
    RandomStream noise(seed, "synthetic");
    set = {per_class * classes_, side_, side_, 1, {}, {}};
    for (std::int64_t i = 0; i < set.count; ++i) {
      const std::int64_t label = i % classes_;
      labels.push_back(static_cast<std::int32_t>(label));
      for (std::int64_t row = 0; row < side_; ++row) {
        for (std::int64_t column = 0; column < side_; ++column) {
          const std::uint64_t base = row == label ? 120 : 0;
          images.push_back(static_cast<std::uint8_t>(base + noise.below(130)));
        }
      }
    }
    set.images = images;
    set.labels = labels;
  }

  std::int64_t classes_;
  std::int64_t side_;
  std::vector<std::uint8_t> train_images_;
  std::vector<std::uint8_t> test_images_;
  std::vector<std::int32_t> train_labels_;
  std::vector<std::int32_t> test_labels_;
  ImageSet train_;
  ImageSet test_;
  std::vector<std::string> names_;
  DataIdentity identity_;
};

}  // namespace headway
