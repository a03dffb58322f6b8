#include "data/packing/pack.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/sha256.h"

namespace headway {
namespace {

static_assert(std::endian::native == std::endian::little, "packs are little-endian");

constexpr std::array<char, 8> kMagic = {'h', 'e', 'a', 'd', 'w', 'a', 'y', 'P'};
constexpr std::int64_t kVersion = 1;
constexpr std::uint64_t kAlignment = 4096;  // each section starts on a page
constexpr std::uint64_t kQuickStride = 64 * kAlignment;
constexpr std::size_t kDigestSize = 64;  // hex digits

struct Header {
  std::array<char, 8> magic = kMagic;
  std::int64_t version = kVersion;
  std::int64_t train_count = 0;
  std::int64_t test_count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::int64_t classes = 0;
  std::array<char, kDigestSize> source_hash{};
};
static_assert(sizeof(Header) == 128 && std::is_trivially_copyable_v<Header>);

// The file ends with two SHA-256s: of all bytes before, and of those that a quick check reads.
struct Trailer {
  std::array<char, kDigestSize> full{};
  std::array<char, kDigestSize> quick{};
};
static_assert(sizeof(Trailer) == 128);

struct Section {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t end() const { return offset + size; }
};

struct Layout {
  Section train_images, train_labels, test_images, test_labels;
  std::uint64_t trailer = 0;
};

Layout layout_of(const Header& header) {
  std::uint64_t end = sizeof(Header);
  const auto place = [&](std::int64_t count, std::int64_t item_bytes) {
    const std::uint64_t start = (end + kAlignment - 1) / kAlignment * kAlignment;
    const Section section{start, static_cast<std::uint64_t>(count * item_bytes)};
    end = section.end();
    return section;
  };
  const std::int64_t image_bytes = header.height * header.width * header.channels;
  Layout layout;
  layout.train_images = place(header.train_count, image_bytes);
  layout.train_labels = place(header.train_count, sizeof(std::int32_t));
  layout.test_images = place(header.test_count, image_bytes);
  layout.test_labels = place(header.test_count, sizeof(std::int32_t));
  layout.trailer = end;
  return layout;
}

// Keeps every product of layout_of inside 63 bits.
bool is_plausible(const Header& header) {
  const auto within = [](std::int64_t value, std::int64_t most) {
    return value >= 1 && value <= most;
  };
  return within(header.train_count, INT32_MAX) && within(header.test_count, INT32_MAX) &&
         within(header.height, 1 << 14) && within(header.width, 1 << 14) &&
         within(header.channels, 8) && within(header.classes, INT32_MAX);
}

using Bytes = std::span<const std::byte>;

Bytes cut(Bytes bytes, const Section& section) {
  return bytes.subspan(section.offset, section.size);
}

void add_sample(Sha256& hash, Bytes images) {
  for (std::uint64_t start = 0; start < images.size(); start += kQuickStride) {
    hash.add(images.subspan(start, std::min<std::uint64_t>(kAlignment, images.size() - start)));
  }
}

std::string full_digest(Bytes file, const Layout& layout) {
  return Sha256().add(file.first(layout.trailer)).hex_digest();
}

std::string quick_digest(Bytes file, const Layout& layout) {
  Sha256 hash;
  hash.add(file.first(sizeof(Header)));
  hash.add(cut(file, layout.train_labels)).add(cut(file, layout.test_labels));
  add_sample(hash, cut(file, layout.train_images));
  add_sample(hash, cut(file, layout.test_images));
  return hash.hex_digest();
}

Header read_header(Bytes file, std::string_view source_hash, const std::string& path) {
  const auto damaged = [&](std::string_view what) {
    throw EnvironmentError(fmt::format("{}: {}", path, what));
  };
  Header header;
  if (file.size() < sizeof(Header)) damaged("too short for a data set pack");
  std::memcpy(&header, file.data(), sizeof(Header));
  if (header.magic != kMagic) damaged("not a data set pack");
  if (header.version != kVersion) {
    damaged(fmt::format("found pack version {}, expected {}", header.version, kVersion));
  }
  if (std::string_view(header.source_hash.data(), kDigestSize) != source_hash) {
    damaged("made from other source files");
  }
  if (!is_plausible(header)) damaged("impossible sizes in the header");
  const std::uint64_t expected = layout_of(header).trailer + sizeof(Trailer);
  if (file.size() != expected) {
    damaged(fmt::format("found {} bytes, expected {}", file.size(), expected));
  }
  return header;
}

void check_digest(Bytes file, const Layout& layout, PackCheck check, const std::string& path) {
  Trailer trailer;
  std::memcpy(&trailer, file.data() + layout.trailer, sizeof(Trailer));
  const bool full = check == PackCheck::kFull;
  const std::string found = full ? full_digest(file, layout) : quick_digest(file, layout);
  const auto& expected = full ? trailer.full : trailer.quick;
  if (std::string_view(expected.data(), kDigestSize) != found) {
    throw EnvironmentError(fmt::format("{}: the content does not match its SHA-256", path));
  }
}

ImageSet view(Bytes file,
              const Header& header,
              std::int64_t count,
              const Section& images,
              const Section& labels) {
  const Bytes pixel_bytes = cut(file, images);
  const Bytes label_bytes = cut(file, labels);
  return {.count = count,
          .height = header.height,
          .width = header.width,
          .channels = header.channels,
          .images = {reinterpret_cast<const std::uint8_t*>(pixel_bytes.data()), pixel_bytes.size()},
          .labels = {reinterpret_cast<const std::int32_t*>(label_bytes.data()),
                     static_cast<std::size_t>(count)}};
}

/// Writes the images of one part where the file stands; keeps the labels.
class PartWriter final : public ImageSink {
 public:
  PartWriter(int fd, const std::string& name, const PackContent& content)
      : fd_(fd),
        name_(name),
        image_bytes_(static_cast<std::size_t>(content.image.channels * content.image.height *
                                              content.image.width)),
        classes_(content.classes) {}

  void add(std::span<const std::uint8_t> images, std::span<const std::int32_t> labels) override {
    expects(images.size() == labels.size() * image_bytes_, "a piece of images has another size");
    for (const std::int32_t label : labels) {
      expects(label >= 0 && label < classes_, "a decoded label lies outside 0..K-1");
    }
    write_all(fd_, {reinterpret_cast<const char*>(images.data()), images.size()}, name_);
    labels_.insert(labels_.end(), labels.begin(), labels.end());
  }
  const std::vector<std::int32_t>& labels() const { return labels_; }

 private:
  int fd_;
  const std::string& name_;
  std::size_t image_bytes_;
  std::int64_t classes_;
  std::vector<std::int32_t> labels_;
};

void seek(int fd, std::uint64_t offset, const std::string& name) {
  if (::lseek(fd, static_cast<off_t>(offset), SEEK_SET) < 0) throw_errno("lseek", name);
}

template <typename T>
void write_object(int fd, const T& object, const std::string& name) {
  write_all(fd, {reinterpret_cast<const char*>(&object), sizeof(T)}, name);
}

struct PartPlace {
  DatasetPart part;
  std::int64_t Header::*count;
  Section Layout::*images;
  Section Layout::*labels;
};

constexpr PartPlace kParts[] = {
    {DatasetPart::kTrain, &Header::train_count, &Layout::train_images, &Layout::train_labels},
    {DatasetPart::kTest, &Header::test_count, &Layout::test_images, &Layout::test_labels}};

/// Images and labels of both parts, with holes for the header and between the sections. Where a
/// section lies is known once the counts of those before it are.
Header write_sections(int fd, const std::string& name, const PackContent& content) {
  Header header{.height = content.image.height,
                .width = content.image.width,
                .channels = content.image.channels,
                .classes = content.classes};
  for (const auto& [part, count, images, labels] : kParts) {
    seek(fd, (layout_of(header).*images).offset, name);
    PartWriter writer(fd, name, content);
    content.decode(part, writer);
    const std::vector<std::int32_t>& written = writer.labels();
    header.*count = static_cast<std::int64_t>(written.size());
    seek(fd, (layout_of(header).*labels).offset, name);
    write_all(fd,
              {reinterpret_cast<const char*>(written.data()), written.size() * sizeof(written[0])},
              name);
  }
  return header;
}

void write_content(int fd, const std::string& name, const PackContent& content) {
  expects(content.source_hash.size() == kDigestSize, "a source hash has 64 hex digits");
  Header header = write_sections(fd, name, content);
  std::ranges::copy(content.source_hash, header.source_hash.begin());
  expects(is_plausible(header), "a decoded data set has impossible sizes");
  const Layout layout = layout_of(header);
  seek(fd, 0, name);
  write_object(fd, header, name);
  const MappedFile written(fd, name);
  Trailer trailer;
  full_digest(written.bytes(), layout).copy(trailer.full.data(), kDigestSize);
  quick_digest(written.bytes(), layout).copy(trailer.quick.data(), kDigestSize);
  seek(fd, layout.trailer, name);
  write_object(fd, trailer, name);
}

MappedFile in_memory(const PackContent& content) {
  constexpr const char* kName = "a data set in memory";
  const FileDescriptor file(::memfd_create("headway-dataset", MFD_CLOEXEC));
  if (!file.is_open()) throw_errno("memfd_create");
  write_content(file.native(), kName, content);
  return MappedFile(file.native(), kName);
}

}  // namespace

Pack::Pack(MappedFile file, const std::string& name, std::string_view source_hash, PackCheck check)
    : file_(std::move(file)) {
  const Bytes bytes = file_.bytes();
  const Header header = read_header(bytes, source_hash, name);
  const Layout layout = layout_of(header);
  check_digest(bytes, layout, check, name);
  classes_ = header.classes;
  train_ = view(bytes, header, header.train_count, layout.train_images, layout.train_labels);
  test_ = view(bytes, header, header.test_count, layout.test_images, layout.test_labels);
}

Pack::Pack(const std::filesystem::path& path, std::string_view source_hash, PackCheck check)
    : Pack(MappedFile(path), path.string(), source_hash, check) {}

Pack::Pack(const PackContent& content)
    : Pack(in_memory(content), "a data set in memory", content.source_hash, PackCheck::kQuick) {}

void write_pack(const std::filesystem::path& path, const PackContent& content) {
  replace_file(path, [&](int fd) { write_content(fd, path.string(), content); });
}

}  // namespace headway
