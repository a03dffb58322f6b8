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

/// How much of a pack is checked when it is opened: kFull hashes every byte, kQuick the header, the
/// labels and every 64th page of the images (about a millisecond).
enum class PackCheck { kQuick, kFull };

/// What goes into a pack.
struct PackContent {
  std::string source_hash;  // names the files that it is made from
  std::int64_t classes = 0;
  ImageShape image;
  DecodePart decode;  // of images of that shape
};

/// A decoded data set as one file: header, images, labels, SHA-256. Mapped read-only, so all
/// processes of a node share one resident copy.
class Pack {
 public:
  /// EnvironmentError says what is damaged.
  Pack(const std::filesystem::path& path, std::string_view source_hash, PackCheck check);
  /// In memory that this process has alone.
  explicit Pack(const PackContent& content);

  std::int64_t classes() const { return classes_; }
  const ImageSet& train() const { return train_; }
  const ImageSet& test() const { return test_; }

 private:
  Pack(MappedFile file, const std::string& name, std::string_view source_hash, PackCheck check);

  MappedFile file_;
  std::int64_t classes_ = 0;
  ImageSet train_;
  ImageSet test_;
};

/// Writes atomically: readers and other writers of the same pack are never disturbed. Images go to
/// the file as they are decoded; what is held meanwhile are the labels.
void write_pack(const std::filesystem::path& path, const PackContent& content);

}  // namespace headway
