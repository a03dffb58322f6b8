#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/packing/decoded_dataset.h"

namespace headway {

/// The files of one data set and how to read them.
struct DatasetSource {
  std::string name;
  std::vector<std::filesystem::path> files;  // a pack is rebuilt when path, size or mtime changes
  std::vector<std::string> class_names;
  std::function<DecodedDataset()> decode;
};

/// The data set as one resident copy per node: decoded once into a pack in the cache folder, then
/// mapped. A damaged pack is rebuilt; where the cache folder cannot be written, the copy is
/// private.
std::unique_ptr<Dataset> make_resident_dataset(const DatasetSource& source);

/// Where that pack lies.
std::filesystem::path pack_path(const DatasetSource& source);

}  // namespace headway
