#include "data/readers/cifar.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "data/readers/classes.h"
#include "data/readers/data_file.h"

namespace headway {
namespace {

constexpr std::size_t kPlane = CifarFormat::kSide * CifarFormat::kSide;
constexpr std::size_t kImageBytes = kPlane * CifarFormat::kChannels;

/// Turns records into images and labels, a piece at a time.
class RecordReader {
 public:
  RecordReader(const CifarFormat& format, ImageSink& sink)
      : format_(format),
        sink_(sink),
        record_bytes_(format.labels.size() + kImageBytes),
        records_(kPieceBytes / record_bytes_ * record_bytes_),
        counts_(format.labels.at(format.used).classes) {}

  void read(DataFile& file) {
    check_size(file);
    const std::uint64_t before = count_;
    for (;;) {
      const std::uint64_t start = file.offset();
      const std::size_t size = file.read_up_to(records_);
      if (size % record_bytes_ != 0) refuse_rest(file, start + size, size % record_bytes_);
      if (size == 0) break;
      convert(file, start, size / record_bytes_);
    }
    if (count_ == before) file.refuse(0, "the end of the file", "at least one record");
  }
  void expect_every_class(const std::string& place) const { counts_.expect_every_class(place); }

 private:
  // Of a plain file the whole size is known before anything is read.
  void check_size(const DataFile& file) const {
    const std::uint64_t size = file.most_remaining();
    if (file.is_compressed() || size % record_bytes_ == 0) return;
    refuse_rest(file, size, size % record_bytes_);
  }
  [[noreturn]] void refuse_rest(const DataFile& file, std::uint64_t end, std::size_t rest) const {
    file.refuse(end - rest,
                fmt::format("{} bytes before the end of the file", rest),
                fmt::format("whole records of {} bytes", record_bytes_));
  }
  void convert(const DataFile& file, std::uint64_t start, std::size_t count) {
    count_ += count;
    if (count_ > static_cast<std::uint64_t>(sink_.most_images())) {
      file.refuse(start,
                  fmt::format("{} images or more", count_),
                  fmt::format("at most {}", sink_.most_images()));
    }
    images_.resize(count * kImageBytes);
    labels_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t* const record = records_.data() + i * record_bytes_;
      labels_[i] = checked_label(file, start + i * record_bytes_, record);
      interleave(record + format_.labels.size(), images_.data() + i * kImageBytes);
    }
    counts_.add(labels_);
    sink_.add(images_, labels_);
  }
  std::int32_t checked_label(const DataFile& file,
                             std::uint64_t offset,
                             const std::uint8_t* record) const {
    for (std::size_t i = 0; i < format_.labels.size(); ++i) {
      const auto& [name, classes] = format_.labels[i];
      if (record[i] < classes) continue;
      file.refuse(
          offset + i, fmt::format("{} {}", name, record[i]), fmt::format("0..{}", classes - 1));
    }
    return record[format_.used];
  }
  // [C, H, W] to [H, W, C]
  static void interleave(const std::uint8_t* planes, std::uint8_t* pixels) {
    for (std::size_t i = 0; i < kPlane; ++i) {
      for (std::size_t channel = 0; channel < CifarFormat::kChannels; ++channel) {
        *pixels++ = planes[channel * kPlane + i];
      }
    }
  }

  const CifarFormat& format_;
  ImageSink& sink_;
  std::size_t record_bytes_;
  std::vector<std::uint8_t> records_;
  std::vector<std::uint8_t> images_;
  std::vector<std::int32_t> labels_;
  LabelCounts counts_;
  std::uint64_t count_ = 0;
};

}  // namespace

void read_cifar(const std::vector<std::filesystem::path>& files,
                const CifarFormat& format,
                ImageSink& sink) {
  expects(!files.empty(), "no files to read");
  RecordReader reader(format, sink);
  for (const std::filesystem::path& path : files) {
    DataFile file(path);
    reader.read(file);
  }
  std::string place = files.front().string();
  if (files.size() > 1) place += " .. " + files.back().filename().string();
  reader.expect_every_class(place);
}

}  // namespace headway
