#include "data/packing/pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/atomic_file.h"
#include "base/errors.h"
#include "base/host.h"
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

Header header_of(const DecodedDataset& decoded, std::string_view source_hash) {
  expects(source_hash.size() == kDigestSize, "a source hash has 64 hex digits");
  Header header{.train_count = static_cast<std::int64_t>(decoded.train.labels.size()),
                .test_count = static_cast<std::int64_t>(decoded.test.labels.size()),
                .height = decoded.height,
                .width = decoded.width,
                .channels = decoded.channels,
                .classes = decoded.classes};
  std::copy(source_hash.begin(), source_hash.end(), header.source_hash.begin());
  expects(is_plausible(header), "a decoded data set has impossible sizes");
  return header;
}

template <typename T>
void place(std::vector<std::byte>& file, const Section& section, const std::vector<T>& values) {
  expects(section.size == values.size() * sizeof(T), "a decoded data set contradicts its sizes");
  std::memcpy(file.data() + section.offset, values.data(), section.size);
}

std::vector<std::byte> pack_bytes(const DecodedDataset& decoded, std::string_view source_hash) {
  const Header header = header_of(decoded, source_hash);
  const Layout layout = layout_of(header);
  std::vector<std::byte> file(layout.trailer + sizeof(Trailer));
  std::memcpy(file.data(), &header, sizeof(Header));
  place(file, layout.train_images, decoded.train.images);
  place(file, layout.train_labels, decoded.train.labels);
  place(file, layout.test_images, decoded.test.images);
  place(file, layout.test_labels, decoded.test.labels);
  Trailer trailer;
  full_digest(file, layout).copy(trailer.full.data(), kDigestSize);
  quick_digest(file, layout).copy(trailer.quick.data(), kDigestSize);
  std::memcpy(file.data() + layout.trailer, &trailer, sizeof(Trailer));
  return file;
}

}  // namespace

Pack::Pack(const std::filesystem::path& path, std::string_view source_hash, PackCheck check)
    : file_(path) {
  const Bytes file = file_.bytes();
  const Header header = read_header(file, source_hash, path.string());
  const Layout layout = layout_of(header);
  check_digest(file, layout, check, path.string());
  classes_ = header.classes;
  train_ = view(file, header, header.train_count, layout.train_images, layout.train_labels);
  test_ = view(file, header, header.test_count, layout.test_images, layout.test_labels);
}

void write_pack(const std::filesystem::path& path,
                std::string_view source_hash,
                const DecodedDataset& decoded) {
  const std::vector<std::byte> file = pack_bytes(decoded, source_hash);
  // Process numbers repeat across the hosts and containers that may share a cache folder, so the
  // file first gets a name that no other writer can have.
  std::filesystem::path own = path;
  own += "." + random_id();
  try {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    replace_file(own, text);
    std::filesystem::rename(own, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(own, ignored);
    throw;
  }
}

}  // namespace headway
