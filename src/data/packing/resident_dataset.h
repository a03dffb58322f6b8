#pragma once

#include <filesystem>
#include <functional>
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
  std::vector<std::filesystem::path> files;  // see make_resident_dataset
  ImageShape image;
  std::vector<std::string> class_names;  // of all K classes
  DecodePart decode;
  MostImages most = {};
};

/// The data set as one resident copy per node: decoded once into a pack in the cache folder, then
/// mapped, until path, inode, size, or time of change or modification of a file changes. A damaged
/// pack is rebuilt, as is one that other users own or can write; where the cache folder cannot be
/// written, or others can plant files in it, the copy is private. Waits while another process makes
/// the pack; LoadingGivenUp when `give_up` says so meanwhile.
std::unique_ptr<Dataset> make_resident_dataset(
    const DatasetSource& source,
    PackCheck check = PackCheck::kEveryByte,
    const std::function<bool()>& give_up = [] { return false; });

/// Where that pack lies.
std::filesystem::path pack_path(const DatasetSource& source);

}  // namespace headway
