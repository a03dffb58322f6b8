#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "config/schema/options.h"

namespace headway {

// One trial's whole configuration as plain data. YAML key = field name = key of the canonical JSON.
// A section whose component is chosen by name carries that component's own options in `options`; in
// YAML and JSON they stand beside the section's shared keys: {name: resnet18, width: 16}.

struct DatasetConfig {
  std::string name = "fashion_mnist";
  std::string root;                  // folder with the files; "" = search; not part of an id
  double validation_fraction = 0.1;  // of the training set, stratified
  std::int64_t split_seed = 0;       // shared by all trials of a sweep
  std::optional<std::int64_t> samples_per_class;  // cut the training set (before the split)
  std::string normalization = "dataset";          // dataset | half | none
  Options options;
};

struct EncoderConfig {
  std::string name = "small_cnn";
  Options options;  // width, pooling, and those of one encoder
};

struct HeadConfig {
  std::string name = "dot";
  Options options;  // e.g. scale, bias
};

struct LossConfig {
  std::string name = "cross_entropy";  // in files the default is what the head's spec says
  Options options;
};

struct ClassVectorsConfig {
  std::string distribution = "gaussian";
  bool learned = true;
  std::variant<std::string, double> norm = "native";  // native | unit | sqrt_d | kaiming | a length
  std::optional<std::int64_t> seed;                   // default: the trial's seed
  Options options;
};

struct DecayConfig {  // which kinds of parameters weight decay acts on, besides the encoder's
                      // weights
  bool batch_norm = false;
  bool bias = false;
  bool scale = false;
  std::string class_vectors = "auto";  // auto (unless the head normalises them) | always | never
};

struct OptimizerConfig {
  std::string name = "sgd";
  double learning_rate = 0.1;  // peak, reached after warm-up
  double weight_decay = 0;
  DecayConfig decay;
  Options options;
};

struct ScheduleConfig {
  std::string name = "cosine";
  double warmup_epochs = 0;  // linear from 0, per step
  Options options;
};

struct TrainingConfig {
  std::int64_t epochs = 10;
  std::int64_t batch_size = 128;   // samples per step, summed over ranks
  std::int64_t shards = 1;         // power of two; the batch is cut into so many equal parts
  std::string precision = "fp32";  // fp32 | bf16 | auto
  std::string gradient_precision = "fp32";  // fp32 | bf16: of every partial sum over shards
  double dropout = 0;                       // share of the feature's entries left out in training
  bool drop_last = true;                    // an incomplete last batch is left out
  bool reproducible = true;                 // deterministic kernels and ordered sums on GPUs
  bool sync_batch_norm = false;             // batch norm over the whole batch instead of one shard
};

struct AugmentationConfig {
  std::string name;
  Options options;  // crop: padding; cutout: size; flip: probability; mixup: alpha
};

struct EvaluationConfig {
  std::int64_t every = 1;         // epochs between evaluations; the last epoch is always evaluated
  std::int64_t batch_size = 256;  // part of a trial's identity: kernels round by batch size
  bool geometry = true;           // feature geometry at the end of the trial
  bool calibration = false;       // calibration errors at the end of the trial
};

struct TrialConfig {
  DatasetConfig dataset;
  EncoderConfig encoder;
  HeadConfig head;
  ClassVectorsConfig class_vectors;
  LossConfig loss;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  TrainingConfig training;
  std::vector<AugmentationConfig> augmentation;
  EvaluationConfig evaluation;
  std::int64_t seed = 0;
  std::optional<std::int64_t> init_seed;   // default: seed
  std::optional<std::int64_t> order_seed;  // default: seed; also drives augmentation, dropout

  std::int64_t effective_init_seed() const { return init_seed.value_or(seed); }
  std::int64_t effective_order_seed() const { return order_seed.value_or(seed); }
  std::int64_t effective_class_vectors_seed() const { return class_vectors.seed.value_or(seed); }
};

/// Canonical JSON: sorted keys, defaults filled in, absent optionals left out. With `dataset.root`.
nlohmann::json to_canonical_json(const TrialConfig& config);

/// First 12 hex digits of SHA-256 over identity_json (see ids.h).
TrialId trial_id(const TrialConfig& config);
/// Likewise, without `seed`.
CellId cell_id(const TrialConfig& config);

}  // namespace headway
