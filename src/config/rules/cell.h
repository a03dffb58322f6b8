#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/rules/config_rules.h"
#include "config/schema/catalog.h"
#include "config/schema/trial_config.h"

namespace headway {

/// A cell and what rules need to know of it. A rule calls refuse or flag for what makes no sense.
class Cell {
 public:
  explicit Cell(const TrialConfig& config);

  const TrialConfig& config() const { return config_; }
  const DatasetDescription& dataset() const { return dataset_; }
  const HeadSpec& head() const { return head_; }
  const ClassVectorsSpec& class_vectors() const { return class_vectors_; }
  const Options& class_vector_options() const { return config_.class_vectors.options; }
  const LossSpec& loss() const { return loss_; }
  /// False when the images do not fit the encoder, which is refused already: then no rule that asks
  /// for the encoder or its features is run.
  bool has_encoder() const { return encoder_.feature_size > 0; }
  const EncoderSummary& encoder() const { return encoder_; }

  double classes() const { return static_cast<double>(dataset_.classes); }  // K
  std::int64_t feature_size() const { return encoder_.feature_size; }       // D
  bool has_fixed_vectors() const { return !config_.class_vectors.learned; }
  bool has_learned_scale() const;
  /// What no logit can exceed: the fixed scale of a head that normalises features and class
  /// vectors; else nothing.
  std::optional<double> largest_logit() const;
  /// "resnet18, width 16, pooling global".
  std::string encoder_text() const;
  /// The length of every class vector as it is drawn, by the norm axis.
  double class_vector_length() const;

  void refuse(std::string rule, std::string key, std::string message);
  void flag(std::string rule, std::string key, std::string message);
  std::vector<Finding> take_findings() { return std::move(findings_); }

 private:
  const TrialConfig& config_;
  DatasetDescription dataset_;
  const HeadSpec& head_;
  const ClassVectorsSpec& class_vectors_;
  const LossSpec& loss_;
  EncoderSummary encoder_;
  std::vector<Finding> findings_;
};

}  // namespace headway
