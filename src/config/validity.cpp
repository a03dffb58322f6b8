#include "config/validity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/errors.h"
#include "config/catalog.h"

namespace headway {
namespace {

// Below this the loss cannot come near 0 and the gradients never vanish.
constexpr double kWantedProbability = 0.9;
// U(-1/sqrt(D), 1/sqrt(D)) rows have norm 0.577; unit rows are fine.
constexpr double kShortVector = 0.8;
// Published recipes stay at or below 1e-2.
constexpr double kLargestAdamwRate = 0.03;

/// A cell and what its rules need to know of it.
struct Cell {
  const TrialConfig& config;
  DatasetShape dataset;
  std::int64_t feature_size = 0;  // D
  std::vector<Finding> findings = {};

  double classes() const { return static_cast<double>(dataset.classes); }
  bool fixed(const char* distribution) const {
    return !config.class_vectors.learned && config.class_vectors.distribution == distribution;
  }
  bool is_cosine() const { return config.head.name == "cosine"; }

  void refuse(std::string rule, std::string key, std::string message) {
    findings.push_back({true, std::move(rule), std::move(key), std::move(message)});
  }
  void flag(std::string rule, std::string key, std::string message) {
    findings.push_back({false, std::move(rule), std::move(key), std::move(message)});
  }
};

std::string encoder_text(const Cell& cell) {
  const EncoderConfig& encoder = cell.config.encoder;
  return fmt::format("{}, width {}, pooling {}",
                     encoder.name,
                     encoder.options.integer("width"),
                     encoder.options.text("pooling"));
}

void check_class_vector_count(Cell& cell) {
  const std::string& distribution = cell.config.class_vectors.distribution;
  const std::int64_t classes = cell.dataset.classes;
  const std::int64_t limit = distribution == "simplex" ? cell.feature_size + 1 : cell.feature_size;
  const bool limited = distribution == "simplex" || distribution == "orthonormal";
  if (!limited || classes <= limit) return;
  cell.refuse(distribution + "_too_many_classes",
              "class_vectors.distribution",
              fmt::format("{} class vectors need K <= {}, but K = {} and D = {} ({})",
                          distribution,
                          distribution == "simplex" ? "D + 1" : "D",
                          classes,
                          cell.feature_size,
                          encoder_text(cell)));
}

/// Training images after the validation split (see data/split.h).
std::int64_t training_images(const Cell& cell) {
  const std::int64_t per_class = cell.dataset.train_count / cell.dataset.classes;
  const double fraction = cell.config.dataset.validation_fraction;
  if (fraction == 0) return cell.dataset.train_count;
  const auto rounded =
      static_cast<std::int64_t>(std::llround(fraction * static_cast<double>(per_class)));
  const std::int64_t held_out =
      std::clamp<std::int64_t>(rounded, 1, std::max<std::int64_t>(1, per_class - 1));
  return (per_class - held_out) * cell.dataset.classes;
}

void check_samples_per_class(Cell& cell) {
  DatasetConfig whole = cell.config.dataset;
  if (!whole.samples_per_class) return;
  const std::int64_t wanted = *whole.samples_per_class;
  whole.samples_per_class.reset();
  const std::int64_t available = dataset_shape(whole).train_count / cell.dataset.classes;
  if (wanted > available) {
    cell.refuse("too_many_samples_per_class",
                "dataset.samples_per_class",
                fmt::format("{} samples per class, but {} has {}", wanted, whole.name, available));
  }
  if (wanted < 2 && whole.validation_fraction > 0) {
    cell.refuse("nothing_to_split",
                "dataset.samples_per_class",
                "a validation split needs at least 2 samples per class; set "
                "dataset.validation_fraction to 0");
  }
}

void check_batches(Cell& cell) {
  const TrainingConfig& training = cell.config.training;
  if (training.batch_size % training.shards != 0) {
    cell.refuse("batch_not_divisible",
                "training.batch_size",
                fmt::format("a batch of {} cannot be cut into {} equal shards",
                            training.batch_size,
                            training.shards));
  }
  const std::int64_t images = training_images(cell);
  if (training.drop_last && training.batch_size > images) {
    cell.refuse("batch_larger_than_training_set",
                "training.batch_size",
                fmt::format("a batch of {} never fills up: there are {} training images (drop_last "
                            "leaves incomplete batches out)",
                            training.batch_size,
                            images));
  }
}

void check_schedule(Cell& cell) {
  const TrialConfig& config = cell.config;
  const double epochs = static_cast<double>(config.training.epochs);
  if (config.schedule.name == "plateau" && config.dataset.validation_fraction == 0) {
    cell.refuse(
        "plateau_without_validation",
        "schedule.name",
        "plateau watches the validation split, which dataset.validation_fraction 0 leaves empty");
  }
  if (config.training.epochs > 0 && config.schedule.warmup_epochs > epochs) {
    cell.flag(
        "warmup_never_ends",
        "schedule.warmup_epochs",
        fmt::format("warm-up takes {} epochs, but training ends after {}: the learning rate never "
                    "reaches {}",
                    config.schedule.warmup_epochs,
                    config.training.epochs,
                    config.optimizer.learning_rate));
  }
  if (config.schedule.name != "step") return;
  const std::vector<double> milestones = config.schedule.options.numbers("milestones");
  if (!std::ranges::is_sorted(milestones, std::less_equal<>{})) {
    cell.refuse("milestones_out_of_order", "schedule.milestones", "milestones must rise");
  }
  if (config.training.epochs > 0 && !milestones.empty() && milestones.back() >= epochs) {
    cell.flag("milestone_never_reached",
              "schedule.milestones",
              fmt::format("milestone {} is never reached in {} epochs",
                          milestones.back(),
                          config.training.epochs));
  }
}

void check_optimizer(Cell& cell) {
  const OptimizerConfig& optimizer = cell.config.optimizer;
  if (optimizer.name == "sgd" && optimizer.options.flag("nesterov") &&
      optimizer.options.number("momentum") == 0) {
    cell.refuse("nesterov_without_momentum",
                "optimizer.nesterov",
                "nesterov looks ahead along the momentum, which is 0");
  }
  if (optimizer.name == "adamw" && optimizer.learning_rate > kLargestAdamwRate) {
    cell.flag("adamw_learning_rate_too_large",
              "optimizer.learning_rate",
              fmt::format("adamw moves every weight by up to the learning rate per step, and {} is "
                          "more than {}",
                          optimizer.learning_rate,
                          kLargestAdamwRate));
  }
  if (optimizer.weight_decay == 0) return;
  const DecayConfig& decay = optimizer.decay;
  const auto decays = [&](bool is_on, const char* key, const char* what) {
    if (!is_on) return;
    cell.flag("decay_where_it_is_unusual",
              fmt::format("optimizer.decay.{}", key),
              fmt::format("weight decay {} also acts on {}", optimizer.weight_decay, what));
  };
  decays(decay.batch_norm, "batch_norm", "batch norm");
  decays(decay.bias, "bias", "biases");
  decays(decay.scale && cell.is_cosine() && cell.config.head.options.flag("learned_scale"),
         "scale",
         "the learned scale");
  decays(decay.class_vectors == "always" && cell.is_cosine() && cell.config.class_vectors.learned,
         "class_vectors",
         "normalised class vectors, where it only changes their effective learning rate");
}

void check_augmentation(Cell& cell) {
  const std::int64_t side = std::min(cell.dataset.height, cell.dataset.width);
  const TrainingConfig& training = cell.config.training;
  for (const AugmentationConfig& augmentation : cell.config.augmentation) {
    if (augmentation.name == "mixup" && training.batch_size == training.shards) {
      cell.flag("mixup_without_partners",
                "augmentation",
                fmt::format("mixup mixes within a shard, and a batch of {} in {} shards leaves one "
                            "image each",
                            training.batch_size,
                            training.shards));
    }
    if (augmentation.name != "crop" || augmentation.options.integer("padding") < side) continue;
    cell.refuse("crop_may_miss_the_image",
                "augmentation",
                fmt::format("crop padding {} may leave nothing of a {} x {} image",
                            augmentation.options.integer("padding"),
                            cell.dataset.height,
                            cell.dataset.width));
  }
}

/// The largest gap cos_y - cos_other that all classes can have at once. Nothing beats a simplex, so
/// for other vectors its gap is a bound.
double largest_gap(const Cell& cell) {
  const double simplex = cell.classes() / (cell.classes() - 1);
  return cell.fixed("orthonormal") ? std::sqrt(simplex) : simplex;
}

void check_cosine_scale(Cell& cell) {
  if (!cell.is_cosine() || cell.config.head.options.flag("learned_scale")) return;
  const double scale = cell.config.head.options.number("scale");
  const double gap = largest_gap(cell);
  const double others = cell.classes() - 1;
  const double reachable = 1 / (1 + others * std::exp(-scale * gap));
  if (reachable >= kWantedProbability) return;
  const double needed = std::log(others * kWantedProbability / (1 - kWantedProbability)) / gap;
  const bool exact = cell.fixed("orthonormal") || cell.fixed("simplex");
  cell.flag("cosine_scale_too_small",
            "head.scale",
            fmt::format(
                "with scale {} the right class reaches a probability of at most {:.4f} (K = {}{}); "
                "{} needs a scale of at least {:.2f}",
                scale,
                reachable,
                cell.dataset.classes,
                exact ? ", " + cell.config.class_vectors.distribution : "",
                kWantedProbability,
                needed));
}

/// The length of every drawn class vector; the native norm of all distributions is 1.
double class_vector_length(const Cell& cell) {
  const auto& norm = cell.config.class_vectors.norm;
  if (const double* length = std::get_if<double>(&norm)) return *length;
  const std::string& name = std::get<std::string>(norm);
  if (name == "sqrt_d") return std::sqrt(static_cast<double>(cell.feature_size));
  return name == "kaiming" ? std::sqrt(2.0) : 1;
}

void check_head(Cell& cell) {
  const TrialConfig& config = cell.config;
  check_cosine_scale(cell);
  if (config.head.options.text("bias") == "frozen") {
    cell.flag("frozen_bias_without_effect",
              "head.bias",
              "a frozen constant bias cancels in softmax: same as none");
  }
  const double length = class_vector_length(cell);
  if (config.head.name == "dot" && !config.class_vectors.learned && length < kShortVector) {
    cell.flag(
        "short_fixed_vectors",
        "class_vectors.norm",
        fmt::format("fixed class vectors of length {:.3g} shrink the logits of a dot head, which "
                    "has no scale to make up for it",
                    length));
  }
  if (cell.is_cosine() && !config.class_vectors.learned &&
      config.class_vectors.norm != std::variant<std::string, double>("native")) {
    cell.flag("norm_without_effect",
              "class_vectors.norm",
              "the norm of fixed class vectors has no effect under a cosine head");
  }
  // Both encoders end in ReLU.
  if (cell.fixed("simplex")) {
    cell.flag(
        "non_negative_features_zero_sum_vectors",
        "class_vectors.distribution",
        fmt::format("features of {} are >= 0, and the vectors of a simplex sum to zero: no feature "
                    "can point along its class vector, so probabilities stay below the bound",
                    config.encoder.name));
  }
}

}  // namespace

std::vector<Finding> check_cell(const TrialConfig& config) {
  Cell cell{.config = config, .dataset = dataset_shape(config.dataset)};
  try {
    cell.feature_size = encoder_shape(config.encoder, cell.dataset).feature_size;
    check_class_vector_count(cell);
    check_head(cell);
  } catch (const ConfigError& error) {
    cell.refuse("encoder_does_not_fit", "encoder", error.what());
  }
  check_samples_per_class(cell);
  check_batches(cell);
  check_schedule(cell);
  check_optimizer(cell);
  check_augmentation(cell);
  return std::move(cell.findings);
}

}  // namespace headway
