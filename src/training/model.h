#pragma once

#include <memory>

#include "config/schema/trial_config.h"
#include "models/executor/encoder.h"
#include "models/heads/head.h"
#include "models/parameter_set.h"

namespace headway {

/// An encoder and a head over one set of parameters.
struct Model {
  std::unique_ptr<ParameterSet> parameters;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Head> head;
  ClassVectors drawn_class_vectors;  // what learned vectors start from and fixed ones stay at
};

/// Draws class vectors and initial weights from the configuration's seeds: the same on every rank.
Model build_model(const TrialConfig& config, const ImageShape& image, std::int64_t classes);

/// Which parameters weight decay acts on, in the order of `model.parameters`; `config` is the one
/// that the model was built from.
std::vector<bool> decayed_parameters(const Model& model, const TrialConfig& config);

}  // namespace headway
