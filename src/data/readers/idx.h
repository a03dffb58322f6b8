#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/packing/image_sink.h"
#include "data/readers/data_file.h"
#include "data/readers/data_folders.h"

namespace headway {

// The format of MNIST (yann.lecun.com/exdb/mnist): bytes 0, 0, type, number of dimensions, then
// big-endian uint32 sizes, then the values, last index fastest. Plain or gzip. Every declaration is
// checked against the file's size before memory is allocated; ConfigError says what does not fit.

/// What a data set in IDX format must look like.
struct IdxShape {
  std::int64_t classes = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

inline constexpr std::int64_t kMostIdxItems = 0x7fffffff;

/// A file of images, read from front to back.
class IdxImages {
 public:
  IdxImages(const std::filesystem::path& path,
            const IdxShape& shape,
            std::int64_t most = kMostIdxItems);
  std::uint64_t count() const { return count_; }
  /// The next images, [n, H, W].
  void read(std::span<std::uint8_t> out) { file_.read(out, "images"); }
  void expect_end() { file_.expect_end(); }

 private:
  DataFile file_;
  std::uint64_t count_;
};

/// A file of labels, read from front to back.
class IdxLabels {
 public:
  IdxLabels(const std::filesystem::path& path,
            std::int64_t classes,
            std::int64_t most = kMostIdxItems);
  std::uint64_t count() const { return count_; }
  /// The next labels, each in 0..K-1.
  void read(std::span<std::int32_t> out);
  void expect_end() { file_.expect_end(); }

 private:
  DataFile file_;
  std::int64_t classes_;
  std::uint64_t count_;
};

/// Both, with equal counts, as many as the sink takes at most, and every class present.
void read_idx_pair(const std::filesystem::path& images,
                   const std::filesystem::path& labels,
                   const IdxShape& shape,
                   ImageSink& sink);

/// The four files of a data set as MNIST was published, with a dash or a dot
/// ("train-images-idx3-ubyte", "train-images.idx3-ubyte"): images and labels to train on, then
/// those to test on.
std::vector<WantedFile> mnist_files();

}  // namespace headway
