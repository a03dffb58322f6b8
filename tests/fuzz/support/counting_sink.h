#pragma once

#include <limits>

#include "data/packing/image_sink.h"
#include "fuzz/support/fuzz_target.h"

namespace headway {

/// Holds a reader to what an ImageSink is promised: whole images, labels in range.
class CountingSink final : public ImageSink {
 public:
  CountingSink(std::size_t image_bytes, std::int64_t classes)
      : image_bytes_(image_bytes), classes_(classes) {}

  void add(std::span<const std::uint8_t> images, std::span<const std::int32_t> labels) override {
    if (images.size() != labels.size() * image_bytes_) fail("labels without images");
    for (const std::int32_t label : labels) {
      if (label < 0 || label >= classes_) fail("a label that is no class");
    }
  }
  std::int64_t most_images() const override { return std::numeric_limits<std::int32_t>::max(); }

 private:
  std::size_t image_bytes_;
  std::int64_t classes_;
};

}  // namespace headway
