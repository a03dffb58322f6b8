#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema/limits.h"
#include "config/schema/trial_config.h"

namespace headway {

enum class OptionType { kNumber, kInteger, kFlag, kText, kNumberList };

struct OptionSpec {
  std::string name;
  OptionType type = OptionType::kNumber;
  nlohmann::json default_value;
  std::string summary;  // one line: meaning and unit
  Limits limits = {};
};

class Cell;

/// One component that a sweep file can name.
struct ComponentSpec {
  std::string name;
  std::string summary;
  std::string source;  // paper or code
  std::vector<OptionSpec> options = {};
  /// Refuses or flags a cell that this component makes no sense in (see config/rules/cell.h).
  void (*rule)(Cell&) = nullptr;

  bool has_option(std::string_view name) const;
};

/// What rules, tests and other components may ask about a head.
struct HeadSpec {
  ComponentSpec component;
  bool normalises_features = false;       // only the direction of a feature counts
  bool normalises_class_vectors = false;  // likewise
  bool needs_labels = false;              // logits in training depend on the labels (a margin)
  std::string default_loss = "cross_entropy";
  std::int64_t rows_per_class = 1;  // rows of learned or fixed prototypes

  bool has_bias() const { return component.has_option("bias"); }
  bool has_scale() const { return component.has_option("scale"); }
};

/// What rules and tests may ask about a loss.
struct LossSpec {
  ComponentSpec component;
  bool uses_probabilities = false;  // logits are taken as those of a softmax
  bool is_cross_entropy = false;    // as evaluations record it: they need not record both
  bool couples_samples = false;     // what a sample adds depends on the others of its shard
};

/// What rules and tests may ask about a distribution of class vectors. K classes, D features; the
/// cosines are those of the rows as drawn, whatever the seed. What depends on the distribution's
/// options is given them, complete.
struct ClassVectorsSpec {
  ComponentSpec component;
  /// The largest K that D features allow, 0 where this D does not suit at all, and how messages
  /// call it ("D + 1"); null = any.
  std::int64_t (*largest_count)(std::int64_t feature_size, const Options& options) = nullptr;
  std::string largest_count_text = {};
  /// The largest cosine of two rows; null: it depends on the draw.
  double (*largest_cosine)(std::int64_t classes,
                           std::int64_t feature_size,
                           const Options& options) = nullptr;
  /// The largest gap cos_y - cos_other that a feature of every class y can have to all others;
  /// null or nothing: not known, and bounded by that of a simplex, K / (K - 1).
  std::optional<double> (*largest_gap)(std::int64_t classes,
                                       std::int64_t feature_size,
                                       const Options& options) = nullptr;
  bool sums_to_zero = false;
  bool depends_on_seed = true;  // else the same rows for every seed
  /// The length of every row as drawn (`norm: native`), where rows have lengths of their own the
  /// root of their expected mean square; null = 1.
  double (*native_length)(std::int64_t feature_size, const Options& options) = nullptr;
  bool has_rows_of_many_lengths = false;
};

enum class Family {
  kHead,
  kLoss,
  kClassVectors,
  kEncoder,
  kDataset,
  kOptimizer,
  kSchedule,
  kAugmentation,
  kSuite
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
  bool is_timing = false;          // depends on where and when a trial ran: in no hash
  std::string recorded_when = {};  // the condition, of a metric that trials don't record by default
};
/// Every metric that trials record, each described beside the code that computes it.
const std::vector<MetricSpec>& metric_catalog();
/// The stored name behind an alias ("nc1" -> "nc1_pinv"); other names unchanged.
std::string canonical_metric_name(const std::string& name);

const HeadSpec& head_spec(const std::string& name);
const LossSpec& loss_spec(const std::string& name);
const ClassVectorsSpec& class_vectors_spec(const std::string& name);
/// The length of the class vectors as they are drawn, by the norm axis (of rows of many lengths:
/// see native_length). ConfigError for a norm that is none.
double class_vector_length(const ClassVectorsConfig& config, std::int64_t feature_size);

struct ImageShape {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// What is known of a data set before its images are decoded.
struct DatasetDescription {
  std::int64_t classes = 0;
  ImageShape image;
  std::int64_t train_count = 0;
  std::int64_t test_count = 0;
  std::vector<double> mean;              // of x / 255, per channel
  std::vector<double> std;               // likewise
  std::vector<std::string> class_names;  // [K]
};
/// `train_count` honours `samples_per_class` and comes before the validation split.
DatasetDescription describe_dataset(const DatasetConfig& config);

/// Size and cost of an encoder on images of one shape.
struct EncoderSummary {
  std::int64_t feature_size = 0;     // D
  std::int64_t parameter_count = 0;  // without the head
  double multiply_adds = 0;  // of one image's forward pass, by convolutions and linear layers
  bool non_negative_features = false;
  std::int64_t stem_channels = 0;  // of the first convolution: how wide the network is
};
/// ConfigError when the images are too small.
EncoderSummary summarise_encoder(const EncoderConfig& config, const ImageShape& image);

}  // namespace headway
