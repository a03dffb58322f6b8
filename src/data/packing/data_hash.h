#pragma once

#include <cstdint>
#include <string>

#include "config/schema/catalog.h"
#include "data/dataset.h"

namespace headway {

/// What one part of a decoded data set holds: SHA-256 over its images, uint8 [N, H, W, C], and over
/// its labels, int32 [N], little-endian.
struct PartDigest {
  std::int64_t count = 0;
  std::string images_sha256;
  std::string labels_sha256;
};

/// The identity of decoded data, however they are stored: SHA-256 over the text
///   headway data 1
///   train N H W C SHA256_OF_IMAGES SHA256_OF_LABELS
///   test N H W C SHA256_OF_IMAGES SHA256_OF_LABELS
/// with a newline after each line.
std::string data_sha256(const ImageShape& image, const PartDigest& train, const PartDigest& test);
/// The same of data in memory.
std::string data_sha256(const ImageSet& train, const ImageSet& test);

}  // namespace headway
