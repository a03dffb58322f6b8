#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "config/rules/cell.h"
#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

// Published recipes stay at or below 1e-2.
constexpr double kLargestAdamwRate = 0.03;

void check_plateau(Cell& cell) {
  if (cell.config().dataset.validation_fraction > 0) return;
  cell.refuse(
      "plateau_without_validation",
      "schedule.name",
      "plateau watches the validation split, which dataset.validation_fraction 0 leaves empty");
}

void check_step(Cell& cell) {
  const std::vector<double> milestones = cell.config().schedule.options.numbers("milestones");
  const std::int64_t epochs = cell.config().training.epochs;
  if (!std::ranges::is_sorted(milestones, std::less_equal<>{})) {
    cell.refuse("milestones_out_of_order", "schedule.milestones", "milestones must rise");
  }
  if (epochs > 0 && !milestones.empty() && milestones.back() >= static_cast<double>(epochs)) {
    cell.flag("milestone_never_reached",
              "schedule.milestones",
              fmt::format("milestone {} is never reached in {} epochs", milestones.back(), epochs));
  }
}

void check_sgd(Cell& cell) {
  const Options& options = cell.config().optimizer.options;
  if (!options.flag("nesterov") || options.number("momentum") != 0) return;
  cell.refuse("nesterov_without_momentum",
              "optimizer.nesterov",
              "nesterov looks ahead along the momentum, which is 0");
}

void check_adamw(Cell& cell) {
  const double rate = cell.config().optimizer.learning_rate;
  if (rate <= kLargestAdamwRate) return;
  cell.flag("adamw_learning_rate_too_large",
            "optimizer.learning_rate",
            fmt::format("adamw moves every weight by up to the learning rate per step, and {} is "
                        "more than {}",
                        rate,
                        kLargestAdamwRate));
}

const AugmentationConfig& augmentation(const Cell& cell, const std::string& name) {
  return *std::ranges::find(cell.config().augmentation, name, &AugmentationConfig::name);
}

void check_mixup(Cell& cell) {
  const TrainingConfig& training = cell.config().training;
  if (training.batch_size != training.shards) return;
  cell.flag("mixup_without_partners",
            "augmentation",
            fmt::format("mixup mixes within a shard, and a batch of {} in {} shards leaves one "
                        "image each",
                        training.batch_size,
                        training.shards));
}

void check_crop(Cell& cell) {
  const ImageShape& image = cell.dataset().image;
  const std::int64_t padding = augmentation(cell, "crop").options.integer("padding");
  if (padding < std::min(image.height, image.width)) return;
  cell.refuse("crop_may_miss_the_image",
              "augmentation",
              fmt::format("crop padding {} may leave nothing of a {} x {} image",
                          padding,
                          image.height,
                          image.width));
}

ComponentSpec plateau_schedule() {
  return {.name = "plateau",
          .summary =
              "times factor when the validation metric has not improved for patience evaluations",
          .source = "arXiv 2011.08704; PyTorch's ReduceLROnPlateau",
          .options = {{.name = "factor",
                       .type = OptionType::kNumber,
                       .default_value = 0.2,
                       .summary = "what the learning rate is multiplied by",
                       .minimum = 0,
                       .maximum = 1,
                       .exclude_minimum = true,
                       .exclude_maximum = true},
                      {.name = "patience",
                       .type = OptionType::kInteger,
                       .default_value = 3,
                       .summary = "evaluations without improvement that are let pass",
                       .minimum = 0},
                      {.name = "threshold",
                       .type = OptionType::kNumber,
                       .default_value = 1e-4,
                       .summary = "smallest change (absolute) that counts as an improvement",
                       .minimum = 0},
                      {.name = "metric",
                       .type = OptionType::kText,
                       .default_value = "top1_accuracy",
                       .summary = "what is watched, on the validation split",
                       .choices = {"top1_accuracy", "loss"}}},
          .rule = check_plateau};
}

ComponentSpec step_schedule() {
  return {.name = "step",
          .summary = "times factor at every milestone",
          .source = "He et al., CVPR 2016; PyTorch's MultiStepLR",
          .options = {{.name = "milestones",
                       .type = OptionType::kNumberList,
                       .default_value = nlohmann::json::array(),
                       .summary = "epochs, counted from 0, at whose start the learning rate drops",
                       .minimum = 0},
                      {.name = "factor",
                       .type = OptionType::kNumber,
                       .default_value = 0.1,
                       .summary = "what the learning rate is multiplied by",
                       .minimum = 0,
                       .exclude_minimum = true}},
          .rule = check_step};
}

OptionSpec beta_option(const char* name, double default_value, const char* summary) {
  return {.name = name,
          .type = OptionType::kNumber,
          .default_value = default_value,
          .summary = summary,
          .minimum = 0,
          .maximum = 1,
          .exclude_maximum = true};
}

ComponentSpec adamw_optimizer() {
  return {.name = "adamw",
          .summary = "Adam with weight decay apart from the gradient, as in PyTorch",
          .source = "Loshchilov and Hutter, ICLR 2019; PyTorch's AdamW",
          .options = {beta_option("beta1", 0.9, "how much of the mean gradient is kept"),
                      beta_option("beta2", 0.999, "how much of the mean squared gradient is kept"),
                      {.name = "epsilon",
                       .type = OptionType::kNumber,
                       .default_value = 1e-8,
                       .summary = "added to the root of the mean squared gradient",
                       .minimum = 0,
                       .exclude_minimum = true}},
          .rule = check_adamw};
}

ComponentSpec mixup_augmentation() {
  return {
      .name = "mixup",
      .summary =
          "mix the images of a shard, and their losses, in pairs with weights lambda and 1 - "
          "lambda, "
          "after all other steps",
      .source = "Zhang et al., 'mixup', ICLR 2018",
      .options = {{.name = "alpha",
                   .type = OptionType::kNumber,
                   .default_value = 0.2,
                   .summary = "lambda is drawn from Beta(alpha, alpha), once per shard of a batch",
                   .minimum = 0,
                   .exclude_minimum = true}},
      .rule = check_mixup};
}

}  // namespace

std::vector<ComponentSpec> optimizer_table() {
  return {
      adamw_optimizer(),
      {.name = "sgd",
       .summary = "stochastic gradient descent with momentum, as in PyTorch",
       .source = "Sutskever et al., ICML 2013; PyTorch's SGD",
       .options = {{.name = "momentum",
                    .type = OptionType::kNumber,
                    .default_value = 0.9,
                    .summary = "how much of the last update is kept",
                    .minimum = 0,
                    .maximum = 1,
                    .exclude_maximum = true},
                   {.name = "nesterov",
                    .type = OptionType::kFlag,
                    .default_value = false,
                    .summary = "look ahead along the momentum"}},
       .rule = check_sgd},
  };
}

std::vector<ComponentSpec> schedule_table() {
  return {
      {.name = "constant",
       .summary = "the same learning rate throughout (after warm-up)",
       .source = "-"},
      step_schedule(),
      {.name = "cosine",
       .summary = "half a cosine wave from the peak to the final learning rate, per step",
       .source = "Loshchilov and Hutter, 'SGDR', ICLR 2017 (without restarts)",
       .options = {{.name = "final_learning_rate",
                    .type = OptionType::kNumber,
                    .default_value = 0.0,
                    .summary = "reached at the end of the last epoch",
                    .minimum = 0}}},
      plateau_schedule(),
  };
}

std::vector<ComponentSpec> augmentation_table() {
  return {
      {.name = "crop",
       .summary = "pad with black, crop back to size at a uniformly random offset",
       .source = "He et al., CVPR 2016",
       .options = {{.name = "padding",
                    .type = OptionType::kInteger,
                    .default_value = 4,
                    .summary = "pixels added on every side",
                    .minimum = 0}},
       .rule = check_crop},
      {.name = "flip",
       .summary = "mirror left to right",
       .source = "He et al., CVPR 2016",
       .options = {{.name = "probability",
                    .type = OptionType::kNumber,
                    .default_value = 0.5,
                    .summary = "of mirroring an image",
                    .minimum = 0,
                    .maximum = 1}}},
      mixup_augmentation(),
  };
}

}  // namespace headway
