#include "config/rules/cell.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace headway {

Cell::Cell(const TrialConfig& config)
    : config_(config),
      dataset_(describe_dataset(config.dataset)),
      head_(head_spec(config.head.name)),
      class_vectors_(class_vectors_spec(config.class_vectors.distribution)),
      loss_(loss_spec(config.loss.name)) {
  try {
    encoder_ = summarise_encoder(config.encoder, dataset_.image);
  } catch (const ConfigError& error) {
    refuse("encoder_does_not_fit", "encoder", error.what());
  }
}

std::string Cell::encoder_text() const {
  std::string text = config_.encoder.name;
  for (const auto& [name, value] : config_.encoder.options.values().items()) {
    text +=
        fmt::format(", {} {}", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

bool Cell::has_learned_scale() const {
  return head_.component.has_option("learned_scale") && config_.head.options.flag("learned_scale");
}

std::optional<double> Cell::largest_logit() const {
  const bool bounded = head_.normalises_features && head_.normalises_class_vectors;
  if (!bounded || !head_.has_scale() || has_learned_scale()) return std::nullopt;
  return config_.head.options.number("scale");
}

double Cell::class_vector_length() const {
  return headway::class_vector_length(config_.class_vectors, feature_size());
}

void Cell::refuse(std::string rule, std::string key, std::string message) {
  findings_.push_back({true, std::move(rule), std::move(key), std::move(message)});
}

void Cell::flag(std::string rule, std::string key, std::string message) {
  findings_.push_back({false, std::move(rule), std::move(key), std::move(message)});
}

}  // namespace headway
