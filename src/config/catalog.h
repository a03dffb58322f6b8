#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/trial_config.h"

namespace headway {

enum class OptionType { kNumber, kInteger, kFlag, kText, kNumberList };

struct OptionSpec {
  std::string name;
  OptionType type = OptionType::kNumber;
  nlohmann::json default_value;
  std::string summary;                 // one line: meaning and unit
  std::optional<double> minimum = {};  // inclusive
  std::optional<double> maximum = {};  // inclusive
  bool exclude_minimum = false;
  std::vector<std::string> choices = {};  // kText: the allowed values
  bool exclude_maximum = false;
};

/// One component that a sweep file can name.
struct ComponentSpec {
  std::string name;
  std::string summary;
  std::string source;  // paper or code
  std::vector<OptionSpec> options = {};
};

enum class Family {
  kHead,
  kClassVectors,
  kEncoder,
  kDataset,
  kOptimizer,
  kSchedule,
  kAugmentation
};

/// All components of a family, sorted by name. Free of LibTorch: reading it takes no time.
const std::vector<ComponentSpec>& catalog(Family family);
/// "head", "class-vector distribution", "data set", ...: how messages call a member of the family.
std::string family_label(Family family);
/// Null when there is none.
const ComponentSpec* find_component(Family family, std::string_view name);
/// ConfigError with the nearest name when there is none.
const ComponentSpec& component(Family family, const std::string& name);
/// The component's options, defaults filled in.
Options default_options(Family family, const std::string& name);

/// A metric that trials record, for `headway list metrics`.
struct MetricSpec {
  std::string name;
  std::string summary;  // formula or definition
  std::string source;
  std::vector<std::string> aliases = {};
  bool higher_is_better = false;
};
const std::vector<MetricSpec>& metric_catalog();
/// The stored name behind an alias ("nc1" -> "nc1_pinv"); other names unchanged.
std::string canonical_metric_name(const std::string& name);

/// What is known of a data set before its files are read.
struct DatasetShape {
  std::int64_t classes = 0;
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t train_count = 0;
  std::int64_t test_count = 0;
  std::vector<double> mean;  // of x / 255, per channel
  std::vector<double> std;   // likewise
};
/// `train_count` honours `samples_per_class` and comes before the validation split.
DatasetShape dataset_shape(const DatasetConfig& config);

/// Size and cost of an encoder on images of `shape`. ConfigError when the images are too small.
struct EncoderShape {
  std::int64_t feature_size = 0;     // D
  std::int64_t parameter_count = 0;  // without the head
  double multiply_adds = 0;          // of one image's forward pass (convolutions)
};
EncoderShape encoder_shape(const EncoderConfig& config, const DatasetShape& shape);

}  // namespace headway
