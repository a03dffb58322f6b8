#include "data/readers/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/errors.h"
#include "data/readers/classes.h"

namespace headway {
namespace {

constexpr std::uint8_t kUint8Type = 0x08;

std::string_view type_name(std::uint8_t type) {
  switch (type) {
    case 0x08:
      return "uint8";
    case 0x09:
      return "int8";
    case 0x0B:
      return "int16";
    case 0x0C:
      return "int32";
    case 0x0D:
      return "float32";
    case 0x0E:
      return "float64";
    default:
      return "no IDX type";
  }
}

// Bytes 0..3: two zeros, the type, the number of dimensions.
void read_magic(DataFile& file, std::uint8_t dimensions, std::string_view content) {
  std::array<std::uint8_t, 4> magic{};
  file.read(magic, "the IDX magic number");
  const std::string expected = fmt::format("0x000008{:02x} (uint8 {})", dimensions, content);
  const auto found = [&](std::string_view remark) {
    return fmt::format("magic number 0x{:02x}{:02x}{:02x}{:02x}{}",
                       magic[0],
                       magic[1],
                       magic[2],
                       magic[3],
                       remark);
  };
  if (magic[0] != 0 || magic[1] != 0) file.refuse(0, found(""), expected);
  if (magic[2] != kUint8Type) {
    file.refuse(2, found(fmt::format(" (values of type {})", type_name(magic[2]))), expected);
  }
  if (magic[3] != dimensions) {
    file.refuse(3, found(fmt::format(" ({} dimensions)", magic[3])), expected);
  }
}

std::uint64_t read_size(DataFile& file, std::string_view what) {
  std::array<std::uint8_t, 4> bytes{};
  file.read(bytes, what);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}

// Reads the count at byte 4 and checks that so many items of `item_bytes` can follow.
std::uint64_t check_count(DataFile& file,
                          std::uint64_t count,
                          std::uint64_t item_bytes,
                          std::string_view items,
                          std::int64_t most) {
  constexpr std::uint64_t kCountOffset = 4;
  if (count == 0) file.refuse(kCountOffset, fmt::format("0 {}", items), "at least one");
  if (count > static_cast<std::uint64_t>(most)) {
    file.refuse(kCountOffset, fmt::format("{} {}", count, items), fmt::format("at most {}", most));
  }
  const std::uint64_t available = file.most_remaining();
  const std::uint64_t declared = count * item_bytes;  // < 2^31 * 2^32
  const std::string found = fmt::format("{} {} of {} bytes", count, items, item_bytes);
  if (file.is_compressed() && declared > available) {
    file.refuse(kCountOffset,
                fmt::format("{}, {} bytes in all", found, declared),
                fmt::format("at most {}, since only {} compressed bytes are there: the file is cut "
                            "off; fetch it again",
                            available,
                            file.stored_bytes()));
  }
  if (!file.is_compressed() && declared != available) {
    file.refuse(kCountOffset,
                found,
                fmt::format("{} bytes in all, what the file holds from byte {} on{}",
                            available,
                            file.offset(),
                            declared > available ? "; it is cut off: fetch it again" : ""));
  }
  return count;
}

void check_side(const DataFile& file,
                std::uint64_t found,
                std::int64_t expected,
                std::string_view what) {
  if (found == static_cast<std::uint64_t>(expected)) return;
  file.refuse(file.offset() - 4, fmt::format("{} {}", found, what), fmt::format("{}", expected));
}

std::uint64_t read_image_header(DataFile& file, const IdxShape& shape, std::int64_t most) {
  read_magic(file, 3, "images");
  const std::uint64_t declared = read_size(file, "the number of images");
  check_side(file, read_size(file, "the number of rows"), shape.height, "rows");
  check_side(file, read_size(file, "the number of columns"), shape.width, "columns");
  return check_count(
      file, declared, static_cast<std::uint64_t>(shape.height * shape.width), "images", most);
}

std::uint64_t read_label_header(DataFile& file, std::int64_t most) {
  read_magic(file, 1, "labels");
  return check_count(file, read_size(file, "the number of labels"), 1, "labels", most);
}

}  // namespace

IdxImages::IdxImages(const std::filesystem::path& path, const IdxShape& shape, std::int64_t most)
    : file_(path), count_(read_image_header(file_, shape, most)) {}

IdxLabels::IdxLabels(const std::filesystem::path& path, std::int64_t classes, std::int64_t most)
    : file_(path), classes_(classes), count_(read_label_header(file_, most)) {}

void IdxLabels::read(std::span<std::int32_t> out) {
  std::vector<std::uint8_t> bytes(out.size());
  const std::uint64_t first = file_.offset();
  file_.read(bytes, "labels");
  const auto wrong =
      std::ranges::find_if(bytes, [&](std::uint8_t label) { return label >= classes_; });
  if (wrong != bytes.end()) {
    file_.refuse(first + static_cast<std::uint64_t>(wrong - bytes.begin()),
                 fmt::format("label {}", *wrong),
                 fmt::format("0..{}", classes_ - 1));
  }
  std::ranges::copy(bytes, out.begin());
}

void read_idx_pair(const std::filesystem::path& images,
                   const std::filesystem::path& labels,
                   const IdxShape& shape,
                   ImageSink& sink) {
  IdxImages image_file(images, shape, sink.most_images());
  IdxLabels label_file(labels, shape.classes, sink.most_images());
  if (image_file.count() != label_file.count()) {
    throw ConfigError(
        fmt::format("{}: byte 4: found {} labels, expected {}, the number of images in {}",
                    labels.string(),
                    label_file.count(),
                    image_file.count(),
                    images.string()));
  }
  const auto image_bytes = static_cast<std::uint64_t>(shape.height * shape.width);
  const std::uint64_t piece = std::max<std::uint64_t>(1, kPieceBytes / image_bytes);
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> classes;
  LabelCounts counts(shape.classes);
  for (std::uint64_t left = image_file.count(); left > 0; left -= classes.size()) {
    classes.resize(std::min(piece, left));
    pixels.resize(classes.size() * image_bytes);
    image_file.read(pixels);
    label_file.read(classes);
    counts.add(classes);
    sink.add(pixels, classes);
  }
  image_file.expect_end();
  label_file.expect_end();
  counts.expect_every_class(labels.string() + ": byte 8");
}

std::vector<WantedFile> mnist_files() {
  return {{"train-images-idx3-ubyte", "train-images.idx3-ubyte"},
          {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte"},
          {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"},
          {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"}};
}

}  // namespace headway
