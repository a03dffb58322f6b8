#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
#include "config/schema/catalog.h"
#include "data/dataset.h"
#include "data/packing/image_sink.h"

namespace headway {

/// What goes into a pack.
struct PackContent {
  std::string source_hash;  // names the files that it is made from
  std::int64_t classes = 0;
  ImageShape image;
  DecodePart decode;  // of images of that shape
  MostImages most = {};
};

/// A decoded data set as one file: header, images, labels, checksum. Mapped read-only, so all
/// processes of a node share one resident copy.
class Pack {
 public:
  /// EnvironmentError says what is damaged, or who else may have written the file.
  Pack(const std::filesystem::path& path, std::string_view source_hash, PackCheck check);
  /// In memory that this process has alone.
  explicit Pack(const PackContent& content);

  std::int64_t classes() const { return classes_; }
  /// As data_hash.h defines it, computed when the data were decoded.
  const std::string& data_sha256() const { return data_sha256_; }
  const ImageSet& train() const { return train_; }
  const ImageSet& test() const { return test_; }

 private:
  Pack(MappedFile file, const std::string& name, std::string_view source_hash, PackCheck check);

  MappedFile file_;
  std::int64_t classes_ = 0;
  std::string data_sha256_;
  ImageSet train_;
  ImageSet test_;
};

/// Writes atomically: readers and other writers of the same pack are never disturbed. Images go to
/// the file as they are decoded; what is held meanwhile are the labels.
void write_pack(const std::filesystem::path& path, const PackContent& content);

}  // namespace headway
