#include "training/model.h"

namespace headway {
namespace {

bool decays(ParameterKind kind, const DecayConfig& decay, bool normalised_class_vectors) {
  switch (kind) {
    case ParameterKind::kWeight:
      return true;
    case ParameterKind::kBias:
      return decay.bias;
    case ParameterKind::kBatchNorm:
      return decay.batch_norm;
    case ParameterKind::kScale:
      return decay.scale;
    case ParameterKind::kClassVectors:
      return decay.class_vectors == "always" ||
             (decay.class_vectors == "auto" && !normalised_class_vectors);
  }
  return false;
}

}  // namespace

Model build_model(const TrialConfig& config, const ImageShape& image, std::int64_t classes) {
  Model model;
  model.parameters = std::make_unique<ParameterSet>(config.effective_init_seed());
  model.encoder = make_encoder(config.encoder, image, *model.parameters);
  const std::int64_t features = model.encoder->feature_size();
  model.drawn_class_vectors = draw_class_vectors(config.class_vectors,
                                                 {.classes = classes,
                                                  .feature_size = features,
                                                  .seed = config.effective_class_vectors_seed()});
  const HeadInputs inputs{
      {features, classes}, model.drawn_class_vectors, config.class_vectors.learned};
  model.head = heads().at(config.head.name)(config.head, inputs, *model.parameters);
  return model;
}

std::vector<bool> decayed_parameters(const Model& model, const TrialConfig& config) {
  const bool normalised = head_spec(config.head.name).normalises_class_vectors;
  std::vector<bool> result;
  for (const Parameter& parameter : model.parameters->parameters()) {
    result.push_back(decays(parameter.kind, config.optimizer.decay, normalised));
  }
  return result;
}

}  // namespace headway
