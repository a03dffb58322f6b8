#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "unit/data/cifar_content.h"
#include "unit/data/idx_content.h"

namespace headway {

/// Writes a cut-down set in the true format of the data set; false when none is known for it. A new
/// data set without an entry here is tested by its description and, where installed, by its files.
inline bool write_small_dataset(const std::string& name, const std::filesystem::path& folder) {
  static const std::map<std::string, void (*)(const std::filesystem::path&)> writers = {
      {"cifar10", write_small_cifar10},
      {"cifar100", write_small_cifar100},
      {"fashion_mnist", write_small_fashion_mnist}};
  const auto writer = writers.find(name);
  if (writer == writers.end()) return false;
  writer->second(folder);
  return true;
}

}  // namespace headway
