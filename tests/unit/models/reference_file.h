#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "base/safetensors.h"

namespace headway {

/// A file of tests/fixtures/models.
inline std::filesystem::path model_fixture(const std::string& name) {
  return std::filesystem::path(HEADWAY_SOURCE_DIR) / "tests/fixtures/models" / name;
}

/// A copy of one float tensor of a safetensors file, F32 or F64.
inline at::Tensor read_tensor(const SafetensorsFile& file, const std::string& name) {
  const NamedTensor& stored = file.at(name);
  at::Tensor tensor = at::empty(stored.shape, stored.dtype == "F64" ? at::kDouble : at::kFloat);
  std::memcpy(tensor.mutable_data_ptr(), stored.bytes.data(), stored.bytes.size());
  return tensor;
}

}  // namespace headway
