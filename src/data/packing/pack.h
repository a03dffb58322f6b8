#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.h"
#include "data/packing/decoded_dataset.h"

namespace headway {

/// How much of a pack is checked when it is opened: kFull hashes every byte, kQuick the header, the
/// labels and every 64th page of the images (about a millisecond).
enum class PackCheck { kQuick, kFull };

/// A decoded data set as one file: header, images, labels, SHA-256. Mapped read-only, so all
/// processes of a node share one resident copy. `source_hash` names the files it was made from.
class Pack {
 public:
  /// EnvironmentError says what is damaged.
  Pack(const std::filesystem::path& path, std::string_view source_hash, PackCheck check);

  std::int64_t classes() const { return classes_; }
  const ImageSet& train() const { return train_; }
  const ImageSet& test() const { return test_; }

 private:
  MappedFile file_;
  std::int64_t classes_ = 0;
  ImageSet train_;
  ImageSet test_;
};

/// Writes atomically: readers and other writers of the same pack are never disturbed.
void write_pack(const std::filesystem::path& path,
                std::string_view source_hash,
                const DecodedDataset& decoded);

}  // namespace headway
