#include "data/packing/pack.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "base/atomic_file.h"
#include "base/cache_folder.h"
#include "base/errors.h"
#include "base/sha256.h"
#include "data/packing/data_hash.h"

namespace headway {
namespace {

static_assert(std::endian::native == std::endian::little, "packs are little-endian");

constexpr std::array<char, 8> kMagic = {'h', 'e', 'a', 'd', 'w', 'a', 'y', 'P'};
constexpr std::int64_t kVersion = 2;
constexpr std::uint64_t kAlignment = 4096;  // each section starts on a page
constexpr std::size_t kDigestSize = 64;     // hex digits

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
  std::array<char, kDigestSize> data_sha256{};
};
static_assert(sizeof(Header) == 192 && std::is_trivially_copyable_v<Header>);

// The file ends with XXH3 (128 bits) of all bytes before: it finds accidents as fast as memory is
// read. Against others' intentions stands the file's owner.
using Checksum = XXH128_canonical_t;
static_assert(sizeof(Checksum) == 16);

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

Checksum checksum_of(Bytes bytes) {
  Checksum checksum;
  ::XXH128_canonicalFromHash(&checksum, ::XXH3_128bits(bytes.data(), bytes.size()));
  return checksum;
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
  const std::uint64_t expected = layout_of(header).trailer + sizeof(Checksum);
  if (file.size() != expected) {
    damaged(fmt::format("found {} bytes, expected {}", file.size(), expected));
  }
  return header;
}

void verify(Bytes file, const Layout& layout, const std::string& path) {
  const Checksum found = checksum_of(file.first(layout.trailer));
  if (std::memcmp(&found, file.data() + layout.trailer, sizeof(Checksum)) != 0) {
    throw EnvironmentError(fmt::format("{}: the content does not match its checksum", path));
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
  PartWriter(int fd, const std::string& name, const PackContent& content, DatasetPart part)
      : fd_(fd),
        name_(name),
        most_(content.most.of(part)),
        image_bytes_(static_cast<std::size_t>(content.image.channels * content.image.height *
                                              content.image.width)),
        classes_(content.classes) {}

  void add(std::span<const std::uint8_t> images, std::span<const std::int32_t> labels) override {
    expects(images.size() == labels.size() * image_bytes_, "a piece of images has another size");
    for (const std::int32_t label : labels) {
      expects(label >= 0 && label < classes_, "a decoded label lies outside 0..K-1");
    }
    if (labels_.size() + labels.size() > static_cast<std::size_t>(most_)) {
      throw ConfigError(fmt::format("found more than {} images, all that the data set has", most_));
    }
    images_hash_.add(std::as_bytes(images));
    write_all(fd_, {reinterpret_cast<const char*>(images.data()), images.size()}, name_);
    labels_.insert(labels_.end(), labels.begin(), labels.end());
  }
  std::int64_t most_images() const override { return most_; }
  const std::vector<std::int32_t>& labels() const { return labels_; }
  /// Once all is written.
  PartDigest digest() {
    return {static_cast<std::int64_t>(labels_.size()),
            images_hash_.hex_digest(),
            Sha256().add(std::as_bytes(std::span(labels_))).hex_digest()};
  }

 private:
  int fd_;
  const std::string& name_;
  std::int64_t most_;
  std::size_t image_bytes_;
  std::int64_t classes_;
  std::vector<std::int32_t> labels_;
  Sha256 images_hash_;
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
  std::map<DatasetPart, PartDigest> digests;
  for (const auto& [part, count, images, labels] : kParts) {
    seek(fd, (layout_of(header).*images).offset, name);
    PartWriter writer(fd, name, content, part);
    content.decode(part, writer);
    const std::vector<std::int32_t>& written = writer.labels();
    header.*count = static_cast<std::int64_t>(written.size());
    seek(fd, (layout_of(header).*labels).offset, name);
    write_all(fd,
              {reinterpret_cast<const char*>(written.data()), written.size() * sizeof(written[0])},
              name);
    digests[part] = writer.digest();
  }
  const std::string hash =
      data_sha256(content.image, digests[DatasetPart::kTrain], digests[DatasetPart::kTest]);
  std::ranges::copy(hash, header.data_sha256.begin());
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
  const Checksum checksum = checksum_of(MappedFile(fd, name).bytes().first(layout.trailer));
  seek(fd, layout.trailer, name);
  write_object(fd, checksum, name);
}

MappedFile map_own_file(const std::filesystem::path& path) {
  const FileDescriptor file = open_regular(path, Links::kRefuse);
  expect_own_file(file.native(), path);
  return {file.native(), path.string()};
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
  if (check == PackCheck::kEveryByte) verify(bytes, layout, name);
  classes_ = header.classes;
  data_sha256_.assign(header.data_sha256.data(), kDigestSize);
  train_ = view(bytes, header, header.train_count, layout.train_images, layout.train_labels);
  test_ = view(bytes, header, header.test_count, layout.test_images, layout.test_labels);
}

Pack::Pack(const std::filesystem::path& path, std::string_view source_hash, PackCheck check)
    : Pack(map_own_file(path), path.string(), source_hash, check) {}

Pack::Pack(const PackContent& content)
    : Pack(in_memory(content), "a data set in memory", content.source_hash, PackCheck::kHeader) {}

void write_pack(const std::filesystem::path& path, const PackContent& content) {
  replace_file(path, [&](int fd) { write_content(fd, path.string(), content); });
}

}  // namespace headway
