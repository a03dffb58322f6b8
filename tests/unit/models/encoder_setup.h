#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "config/schema/catalog.h"
#include "models/executor/encoder.h"
#include "models/parameter_set.h"

namespace headway {

/// The catalog's defaults for encoder `name`, with `changes` on top.
inline EncoderConfig encoder_config(
    const std::string& name,
    std::initializer_list<std::pair<std::string, nlohmann::json>> changes = {}) {
  EncoderConfig config{.name = name, .options = default_options(Family::kEncoder, name)};
  for (const auto& [option, value] : changes) config.options.values()[option] = value;
  return config;
}

/// An encoder with the parameters that it lives on.
struct BuiltEncoder {
  BuiltEncoder(const EncoderConfig& config, const ImageShape& image, std::int64_t init_seed = 0)
      : parameters(init_seed), encoder(make_encoder(config, image, parameters)) {}

  ParameterSet parameters;
  std::unique_ptr<Encoder> encoder;
};

}  // namespace headway
