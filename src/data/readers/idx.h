#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/packing/decoded_dataset.h"

namespace headway {

/// What a data set in IDX format must look like.
struct IdxShape {
  std::int64_t classes = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// The format of MNIST (yann.lecun.com/exdb/mnist): bytes 0, 0, type, number of dimensions, then
/// big-endian uint32 sizes, then the values, last index fastest. Plain or gzip. Every declaration
/// is checked against the file's size before memory is allocated; ConfigError says what does not
/// fit.
std::vector<std::uint8_t> read_idx_images(const std::filesystem::path& path, const IdxShape& shape);
/// Labels, each in 0..K-1.
std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path, std::int64_t classes);
/// Both, with equal counts and every class present.
DecodedImages read_idx_pair(const std::filesystem::path& images,
                            const std::filesystem::path& labels,
                            const IdxShape& shape);

}  // namespace headway
