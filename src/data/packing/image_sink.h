#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>

namespace headway {

enum class DatasetPart { kTrain, kTest };

/// Takes the images of one part of a data set in their order, a piece at a time, so that no reader
/// has to hold them all.
class ImageSink {
 public:
  virtual ~ImageSink() = default;
  /// images [n, H, W, C], labels [n] in 0..K-1.
  virtual void add(std::span<const std::uint8_t> images, std::span<const std::int32_t> labels) = 0;
  /// At most so many: readers refuse more before they take memory, or decompress it.
  virtual std::int64_t most_images() const = 0;
};

/// How many images each part may have.
struct MostImages {
  std::int64_t train = std::numeric_limits<std::int32_t>::max();
  std::int64_t test = std::numeric_limits<std::int32_t>::max();

  std::int64_t of(DatasetPart part) const { return part == DatasetPart::kTrain ? train : test; }
};

/// About how many bytes of images a reader holds at a time.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

/// Reads one part into the sink; ConfigError says what is wrong with the files.
using DecodePart = std::function<void(DatasetPart, ImageSink&)>;

}  // namespace headway
