#include "config/rules/config_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "config/rules/cell.h"
#include "config/schema/catalog.h"
#include "config/schema/split_sizes.h"

namespace headway {
namespace {

// Below this the loss cannot come near 0 and the gradients never vanish.
constexpr double kWantedProbability = 0.9;
// U(-1/sqrt(D), 1/sqrt(D)) rows have norm 0.577; unit rows are fine.
constexpr double kShortVector = 0.8;

void check_class_vector_count(Cell& cell) {
  const ClassVectorsSpec& vectors = cell.class_vectors();
  const std::int64_t classes = cell.dataset().classes;
  if (vectors.largest_count == nullptr ||
      classes <= vectors.largest_count(cell.feature_size(), cell.class_vector_options())) {
    return;
  }
  cell.refuse(vectors.component.name + "_too_many_classes",
              "class_vectors.distribution",
              fmt::format("{} class vectors need K <= {}, but K = {} and D = {} ({})",
                          vectors.component.name,
                          vectors.largest_count_text,
                          classes,
                          cell.feature_size(),
                          cell.encoder_text()));
}

void check_samples_per_class(Cell& cell) {
  DatasetConfig whole = cell.config().dataset;
  if (!whole.samples_per_class) return;
  const std::int64_t wanted = *whole.samples_per_class;
  whole.samples_per_class.reset();
  const std::int64_t available = describe_dataset(whole).train_count / cell.dataset().classes;
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
  const TrainingConfig& training = cell.config().training;
  if (training.batch_size % training.shards != 0) {
    cell.refuse("batch_not_divisible",
                "training.batch_size",
                fmt::format("a batch of {} cannot be cut into {} equal shards",
                            training.batch_size,
                            training.shards));
  }
  const std::int64_t images = split_sizes(cell.config().dataset, cell.dataset()).train;
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
  const TrialConfig& config = cell.config();
  const auto epochs = static_cast<double>(config.training.epochs);
  if (config.training.epochs == 0 || config.schedule.warmup_epochs <= epochs) return;
  cell.flag(
      "warmup_never_ends",
      "schedule.warmup_epochs",
      fmt::format("warm-up takes {} epochs, but training ends after {}: the learning rate never "
                  "reaches {}",
                  config.schedule.warmup_epochs,
                  config.training.epochs,
                  config.optimizer.learning_rate));
}

void check_weight_decay(Cell& cell) {
  const OptimizerConfig& optimizer = cell.config().optimizer;
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
  decays(decay.scale && cell.has_learned_scale(), "scale", "the learned scale");
  decays(decay.class_vectors == "always" && cell.head().normalises_class_vectors &&
             !cell.has_fixed_vectors(),
         "class_vectors",
         "normalised class vectors, where it only changes their effective learning rate");
}

/// The largest gap between the cosines of fixed class vectors, where it is known.
std::optional<double> exact_gap(const Cell& cell) {
  const auto largest_gap = cell.class_vectors().largest_gap;
  if (!cell.has_fixed_vectors() || largest_gap == nullptr) return std::nullopt;
  return largest_gap(cell.dataset().classes, cell.feature_size(), cell.class_vector_options());
}

void check_scale(Cell& cell) {
  const std::optional<double> scale = cell.largest_logit();
  if (!scale || !cell.loss().uses_probabilities) return;
  const std::optional<double> exact = exact_gap(cell);
  // Nothing beats a simplex, so for other vectors its gap is a bound.
  const double gap = exact.value_or(cell.classes() / (cell.classes() - 1));
  const double others = cell.classes() - 1;
  const double reachable = 1 / (1 + others * std::exp(-*scale * gap));
  if (reachable >= kWantedProbability) return;
  const double needed = std::log(others * kWantedProbability / (1 - kWantedProbability)) / gap;
  cell.flag(cell.head().component.name + "_scale_too_small",
            "head.scale",
            fmt::format(
                "with scale {} the right class reaches a probability of at most {:.4f} (K = {}{}); "
                "{} needs a scale of at least {:.2f}",
                *scale,
                reachable,
                cell.dataset().classes,
                exact ? ", " + cell.config().class_vectors.distribution : "",
                kWantedProbability,
                needed));
}

void check_fixed_vectors(Cell& cell) {
  if (!cell.has_fixed_vectors()) return;
  const HeadSpec& head = cell.head();
  const double length = cell.class_vector_length();
  if (!head.normalises_class_vectors && !head.has_scale() && length < kShortVector) {
    cell.flag(
        "short_fixed_vectors",
        "class_vectors.norm",
        fmt::format("fixed class vectors of length {:.3g} shrink the logits of a {} head, which "
                    "has no scale to make up for it",
                    length,
                    head.component.name));
  }
  if (head.normalises_class_vectors &&
      cell.config().class_vectors.norm != std::variant<std::string, double>("native")) {
    cell.flag("norm_without_effect",
              "class_vectors.norm",
              fmt::format("the norm of fixed class vectors has no effect under a {} head",
                          head.component.name));
  }
  if (cell.encoder().non_negative_features && cell.class_vectors().sums_to_zero) {
    cell.flag(
        "non_negative_features_zero_sum_vectors",
        "class_vectors.distribution",
        fmt::format("features of {} are >= 0, and the vectors of a {} sum to zero: no feature can "
                    "point along its class vector, so probabilities stay below the bound",
                    cell.config().encoder.name,
                    cell.config().class_vectors.distribution));
  }
}

void check_class_vectors_seed(Cell& cell) {
  if (!cell.config().class_vectors.seed || cell.class_vectors().depends_on_seed) return;
  cell.flag("seed_without_effect",
            "class_vectors.seed",
            fmt::format("{} class vectors are the same for every seed",
                        cell.class_vectors().component.name));
}

void check_bias(Cell& cell) {
  if (!cell.loss().uses_probabilities || !cell.head().has_bias()) return;
  if (cell.config().head.options.text("bias") != "frozen") return;
  cell.flag("frozen_bias_without_effect",
            "head.bias",
            "a frozen constant bias cancels in softmax: same as none");
}

void check_loss(Cell& cell) {
  if (cell.loss().uses_probabilities) return;
  cell.flag("logits_are_no_probabilities",
            "loss.name",
            fmt::format("{} does not train logits to be those of a softmax: what is computed from "
                        "probabilities, such as the recorded cross_entropy, says little",
                        cell.config().loss.name));
}

/// The rules that the components of the cell bring along.
void check_components(Cell& cell) {
  const TrialConfig& config = cell.config();
  const auto check = [&](Family family, const std::string& name) {
    if (const auto rule = component(family, name).rule) rule(cell);
  };
  check(Family::kDataset, config.dataset.name);
  check(Family::kSchedule, config.schedule.name);
  check(Family::kOptimizer, config.optimizer.name);
  for (const AugmentationConfig& step : config.augmentation) {
    check(Family::kAugmentation, step.name);
  }
  if (!cell.has_encoder()) return;
  check(Family::kEncoder, config.encoder.name);
  check(Family::kClassVectors, config.class_vectors.distribution);
  check(Family::kHead, config.head.name);
  check(Family::kLoss, config.loss.name);
}

}  // namespace

std::vector<Finding> check_cell(const TrialConfig& config) {
  Cell cell(config);
  if (cell.has_encoder()) {
    check_class_vector_count(cell);
    check_class_vectors_seed(cell);
    check_scale(cell);
    check_bias(cell);
    check_fixed_vectors(cell);
  }
  check_samples_per_class(cell);
  check_batches(cell);
  check_schedule(cell);
  check_weight_decay(cell);
  check_loss(cell);
  check_components(cell);
  return cell.take_findings();
}

}  // namespace headway
