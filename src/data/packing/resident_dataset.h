#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "config/schema/catalog.h"
#include "data/dataset.h"
#include "data/packing/image_sink.h"

namespace headway {

/// The files of one data set and how to read them.
struct DatasetSource {
  std::string name;
  std::string variant = {};  // what besides the files decides what is read; "" = nothing
  std::vector<std::filesystem::path> files;  // a pack is rebuilt when path, size or mtime changes
  ImageShape image;
  std::vector<std::string> class_names;  // of all K classes
  DecodePart decode;
};

/// The data set as one resident copy per node: decoded once into a pack in the cache folder, then
/// mapped. A damaged pack is rebuilt; where the cache folder cannot be written, the copy is
/// private.
std::unique_ptr<Dataset> make_resident_dataset(const DatasetSource& source);

/// Where that pack lies.
std::filesystem::path pack_path(const DatasetSource& source);

}  // namespace headway
