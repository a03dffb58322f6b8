#pragma once

#include <concepts>
#include <type_traits>

#include "config/schema/catalog.h"
#include "config/schema/limits.h"
#include "config/schema/resources.h"
#include "config/schema/slurm.h"
#include "config/schema/trial_config.h"

namespace headway {

// Every field of a sweep file, once: its key, where it is stored and what it may hold. Visitors
// read it (SectionReader), dump it (JsonWriter) and list it (known keys). A visitor has
//   field(key, value, limits)                    one value
//   field.section(key, config)                   a nested struct
//   field.component(family, key, name, options)  a component chosen by name, and its own options
//   field.components(family, key, configs)       a list of such
//   field.automatic(key, optional, limits)       a number or "auto"
//   field.duration(key, optional_seconds)        "2h", "1h30m", seconds
//   field.slurm_time(key, text)                  as sbatch takes it

/// `T`, const or not: visiting a const struct gives the visitor const values.
template <typename T, typename Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

void visit(auto& field, Is<DatasetConfig> auto& config) {
  field.component(Family::kDataset, "name", config.name, config.options);
  field("root", config.root);
  field("validation_fraction", config.validation_fraction, kFraction);
  field("split_seed", config.split_seed, kAtLeastZero);
  field("samples_per_class", config.samples_per_class, kCount);
  field("normalization", config.normalization, {.choices = {"dataset", "half", "none"}});
}

void visit(auto& field, Is<EncoderConfig> auto& config) {
  field.component(Family::kEncoder, "name", config.name, config.options);
}

void visit(auto& field, Is<HeadConfig> auto& config) {
  field.component(Family::kHead, "name", config.name, config.options);
}

void visit(auto& field, Is<ClassVectorsConfig> auto& config) {
  field.component(Family::kClassVectors, "distribution", config.distribution, config.options);
  field("learned", config.learned);
  field(
      "norm",
      config.norm,
      {.minimum = 0, .exclude_minimum = true, .choices = {"native", "unit", "sqrt_d", "kaiming"}});
  field("seed", config.seed, kAtLeastZero);
}

void visit(auto& field, Is<LossConfig> auto& config) {
  field.component(Family::kLoss, "name", config.name, config.options);
}

void visit(auto& field, Is<DecayConfig> auto& config) {
  field("batch_norm", config.batch_norm);
  field("bias", config.bias);
  field("scale", config.scale);
  field("class_vectors", config.class_vectors, {.choices = {"auto", "always", "never"}});
}

void visit(auto& field, Is<OptimizerConfig> auto& config) {
  field.component(Family::kOptimizer, "name", config.name, config.options);
  field("learning_rate", config.learning_rate, kPositive);
  field("weight_decay", config.weight_decay, kAtLeastZero);
  field.section("decay", config.decay);
}

void visit(auto& field, Is<ScheduleConfig> auto& config) {
  field.component(Family::kSchedule, "name", config.name, config.options);
  field("warmup_epochs", config.warmup_epochs, kAtLeastZero);
}

void visit(auto& field, Is<TrainingConfig> auto& config) {
  field("epochs", config.epochs, kCountOrNone);
  field("batch_size", config.batch_size, kCount);
  field("shards", config.shards, kRankCount);
  field("precision", config.precision, {.choices = {"fp32", "bf16", "auto"}});
  field("gradient_precision", config.gradient_precision, {.choices = {"fp32", "bf16"}});
  field("dropout", config.dropout, kFraction);
  field("drop_last", config.drop_last);
  field("reproducible", config.reproducible);
  field("sync_batch_norm", config.sync_batch_norm);
}

void visit(auto& field, Is<AugmentationConfig> auto& config) {
  field.component(Family::kAugmentation, "name", config.name, config.options);
}

void visit(auto& field, Is<EvaluationConfig> auto& config) {
  field("every", config.every, kCount);
  field("batch_size", config.batch_size, kCount);
  field("geometry", config.geometry);
  field("calibration", config.calibration);
}

void visit(auto& field, Is<TrialConfig> auto& config) {
  field.section("dataset", config.dataset);
  field.section("encoder", config.encoder);
  field.section("head", config.head);
  field.section("class_vectors", config.class_vectors);
  field.section("loss", config.loss);
  field.section("optimizer", config.optimizer);
  field.section("schedule", config.schedule);
  field.section("training", config.training);
  field.components(Family::kAugmentation, "augmentation", config.augmentation);
  field.section("evaluation", config.evaluation);
  field("seed", config.seed, kAtLeastZero);
  field("init_seed", config.init_seed, kAtLeastZero);
  field("order_seed", config.order_seed, kAtLeastZero);
}

// Beside the other fields of whoever has such settings, not in a section of their own.
void visit(auto& field, Is<CheckpointSettings> auto& config) {
  field("checkpoint_seconds",
        config.seconds,
        {.minimum = 0, .maximum = kLongestSeconds, .exclude_minimum = true});
  field("checkpoint_steps", config.steps, kCount);
  field("checkpoint_epochs", config.epochs, kCount);
  field("keep_best_checkpoint", config.keep_best);
}

void visit(auto& field, Is<ResourcesConfig> auto& config) {
  field("device", config.device, {.choices = {"auto", "cpu", "cuda"}});
  field.automatic("ranks", config.ranks, kRankCount);
  field("threads_per_rank", config.threads_per_rank, kThreadCount);
  field.automatic("groups", config.groups, kGroupCount);
  field.duration("time_limit", config.time_limit_seconds);
  visit(field, config.checkpoints);
}

void visit(auto& field, Is<SlurmConfig> auto& config) {
  field("partition", config.partition);
  field("nodes", config.nodes, kCount);
  field("gpus_per_node", config.gpus_per_node, kCountOrNone);
  field.slurm_time("time", config.time);
  field("extra", config.extra);
}

}  // namespace headway
