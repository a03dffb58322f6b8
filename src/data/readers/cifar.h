#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/packing/image_sink.h"

namespace headway {

/// The records of CIFAR's binary version (www.cs.toronto.edu/~kriz/cifar.html): label bytes, then a
/// 32 x 32 image as three planes, red, green and blue, each row by row.
struct CifarFormat {
  struct Label {
    std::string name;  // as messages call it
    std::int64_t classes = 0;
  };

  std::vector<Label> labels;  // one byte each
  std::size_t used = 0;       // index of the one that counts

  static constexpr std::int64_t kSide = 32;
  static constexpr std::int64_t kChannels = 3;
};

/// The records of these files, one file after the other, as images [n, 32, 32, 3]. Plain or gzip;
/// any number of records. ConfigError names file and byte of a label out of range or an incomplete
/// record, and a class that has no image.
void read_cifar(const std::vector<std::filesystem::path>& files,
                const CifarFormat& format,
                ImageSink& sink);

}  // namespace headway
