#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "config/schema/catalog.h"
#include "models/heads/head.h"
#include "models/parameter_set.h"

namespace headway {

/// The catalog's defaults for head `name`, with `changes` on top.
inline HeadConfig head_config(
    const std::string& name,
    std::initializer_list<std::pair<std::string, nlohmann::json>> changes = {}) {
  HeadConfig config{.name = name, .options = default_options(Family::kHead, name)};
  for (const auto& [option, value] : changes) config.options.values()[option] = value;
  return config;
}

/// Class vectors with the given entries; `matrix` is [K, D], float32, row-major.
inline ClassVectors class_vectors_of(const at::Tensor& matrix) {
  const float* values = matrix.const_data_ptr<float>();
  return {.classes = matrix.size(0),
          .feature_size = matrix.size(1),
          .values = std::vector<float>(values, values + matrix.numel()),
          .sha256 = ""};
}

/// A head with the parameters that it lives on.
struct BuiltHead {
  BuiltHead(const HeadConfig& config, const at::Tensor& matrix, bool learned)
      : vectors(class_vectors_of(matrix)),
        head(heads().at(config.name)(
            config, {{matrix.size(1), matrix.size(0)}, vectors, learned}, parameters)) {}

  ClassVectors vectors;
  ParameterSet parameters{0};
  std::unique_ptr<Head> head;
};

}  // namespace headway
