#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "config/schema/trial_config.h"

namespace headway {

/// Images as uint8 NHWC and labels 0..K-1. The memory belongs to the Dataset.
struct ImageSet {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::span<const std::uint8_t> images;  // [N, H, W, C]
  std::span<const std::int32_t> labels;  // [N]

  std::int64_t image_bytes() const { return height * width * channels; }
};

/// Which data these are.
struct DataIdentity {
  std::string sha256;  // of the decoded images and labels, see data_hash.h; "" = not known
  std::string folder;  // where the files lay; "" = not known
};

/// "SHA-256 0123... in '/data'".
std::string to_text(const DataIdentity& data);

/// The data are not those that a trial began on, or that other trials of its sweep were trained on.
class OtherDataError : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

/// One data set, decoded. All processes of a node share one resident copy.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const ImageSet& train() const = 0;
  virtual const ImageSet& test() const = 0;
  virtual std::int64_t classes() const = 0;
  virtual const std::vector<std::string>& class_names() const = 0;
  virtual const DataIdentity& identity() const = 0;
};

/// How much of a data set's pack is verified when it is opened. kHeader is for whoever knows that
/// another process of this node has verified it just now.
enum class PackCheck { kEveryByte, kHeader };

/// Who follows a data set that this process has to decode, or waits for another one to decode.
struct LoadWatch {
  /// Told how many images are decoded so far.
  std::function<void(std::int64_t images)> decoded = [](std::int64_t) {};
  /// True ends it with LoadingGivenUp.
  std::function<bool()> give_up = [] { return false; };
};

/// Nothing is wrong with the data, and nothing is left behind.
class LoadingGivenUp : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped while its data set was loaded"; }
};

/// Loads by `config.name`. ConfigError names the file, the offset, what was found and expected.
std::unique_ptr<Dataset> load_dataset(const DatasetConfig& config,
                                      PackCheck check = PackCheck::kEveryByte,
                                      const LoadWatch& watch = {});

}  // namespace headway
