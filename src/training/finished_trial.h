#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "config/schema/trial_config.h"
#include "data/dataset.h"
#include "data/split.h"
#include "training/evaluation.h"
#include "training/flat_parameters.h"
#include "training/model.h"

namespace headway {

/// How a trial was trained and what it ended with, as its record tells. Hashes that are not known
/// are "", and nothing is compared with them.
struct TrainedAs {
  std::string precision = "fp32";  // fp32 | bf16: what training ran in
  std::string device = "cpu";      // cpu | cuda
  std::int64_t threads_per_rank = 1;
  std::string weights_sha256 = {};
  std::string class_vectors_sha256 = {};  // as drawn
  DataIdentity data = {};
  Metrics test_results = {};  // final values on the test images
};

/// Where a finished trial runs again. `asked` is "cpu", "cuda" or "auto": the device that it was
/// trained on, but the CPU where no GPU is visible. ConfigError when "cuda" is asked for in vain.
std::string device_to_run_on(const std::string& asked, const TrainedAs& trained);

/// What a finished trial is made from again.
struct FinishedTrialSource {
  TrialConfig config;
  std::filesystem::path weights;  // its final weights.safetensors
  TrainedAs trained;
  std::string device = "cpu";  // cpu | cuda: this process's current GPU
};

/// A trained model as training left it: its weights in the memory layout that training used, in the
/// precision that it ran in, with the data set and the split that it saw. What its evaluator finds
/// therefore has the bits that training would have recorded, on the same kind of device with as
/// many threads. `dataset` and `comm` must outlive it.
class FinishedTrial {
 public:
  /// ConfigError that says what to do when the weights are missing, damaged, of another shape or
  /// not those of the record, when the data are not those of the record, or when the class vectors
  /// are no longer drawn as they were.
  FinishedTrial(FinishedTrialSource source, const Dataset& dataset, Communicator& comm);
  FinishedTrial(const FinishedTrial&) = delete;  // the evaluator holds references
  FinishedTrial& operator=(const FinishedTrial&) = delete;

  const TrialConfig& config() const { return source_.config; }
  /// Its class vectors as they stand are those of the head, and as drawn `drawn_class_vectors`.
  const Model& model() const { return model_; }
  Evaluator& evaluator() { return evaluator_; }

  /// Whether a split has images.
  bool has_images(const std::string& split) const { return !samples_of(split).empty(); }
  /// "train", "validation" or "test", in the order of the data set's files. ConfigError for another
  /// name, and for a split without images.
  Evaluator::Split split(const std::string& name) const;

  /// ConfigError unless the model does on the test images what its record says it did. Processors
  /// round differently, so the values may differ a little; other images or labels change them by
  /// more. Collective.
  void expect_recorded_results();

 private:
  const std::vector<std::int32_t>& samples_of(const std::string& split) const;
  void load_weights();

  FinishedTrialSource source_;
  const Dataset& dataset_;
  Split split_;
  std::vector<std::int32_t> test_samples_;
  Model model_;
  FlatParameters parameters_;
  Evaluator evaluator_;
};

}  // namespace headway
