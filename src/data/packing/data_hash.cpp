#include "data/packing/data_hash.h"

#include <fmt/format.h>

#include <bit>
#include <span>

#include "base/sha256.h"

namespace headway {
namespace {

static_assert(std::endian::native == std::endian::little, "labels are hashed little-endian");

std::string part_line(const char* name, const ImageShape& image, const PartDigest& part) {
  return fmt::format("{} {} {} {} {} {} {}\n",
                     name,
                     part.count,
                     image.height,
                     image.width,
                     image.channels,
                     part.images_sha256,
                     part.labels_sha256);
}

PartDigest digest_of(const ImageSet& part) {
  return {part.count,
          Sha256().add(std::as_bytes(part.images)).hex_digest(),
          Sha256().add(std::as_bytes(part.labels)).hex_digest()};
}

}  // namespace

std::string to_text(const DataIdentity& data) {
  const std::string place = data.folder.empty() ? "" : fmt::format(" in '{}'", data.folder);
  return fmt::format("SHA-256 {}{}", data.sha256, place);
}

std::string data_sha256(const ImageShape& image, const PartDigest& train, const PartDigest& test) {
  return sha256_hex("headway data 1\n" + part_line("train", image, train) +
                    part_line("test", image, test));
}

std::string data_sha256(const ImageSet& train, const ImageSet& test) {
  return data_sha256(
      {train.channels, train.height, train.width}, digest_of(train), digest_of(test));
}

}  // namespace headway
