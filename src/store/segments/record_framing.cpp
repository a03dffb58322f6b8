#include "store/segments/record_framing.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstdint>
#include <optional>

#include "base/errors.h"
#include "base/limits.h"

namespace headway {
namespace {

constexpr std::size_t kDigits = 8;
constexpr std::size_t kHeaderBytes = 2 * (kDigits + 1);  // "LLLLLLLL CCCCCCCC "

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Lower-case digits only, as they are written: every flipped bit of a header must show.
std::optional<std::uint32_t> hex_value(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char digit : digits) {
    value <<= 4;
    if (digit >= '0' && digit <= '9') {
      value |= static_cast<std::uint32_t>(digit - '0');
    } else if (digit >= 'a' && digit <= 'f') {
      value |= static_cast<std::uint32_t>(digit - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

Frame damaged(const char* reason) {
  return {FrameStatus::kDamaged, {}, 0, reason};
}

}  // namespace

std::string frame_record(std::string_view json) {
  expects(json.size() <= kLargestRecord, "a record is larger than a segment takes");
  expects(json.find('\n') == std::string_view::npos, "a record must be one line");
  return fmt::format("{:08x} {:08x} {}\n", json.size(), crc_of(json), json);
}

bool could_begin_frame(std::string_view text) {
  for (std::size_t i = 0; i < text.size() && i < kHeaderBytes; ++i) {
    const bool is_space = i % (kDigits + 1) == kDigits;
    if (is_space ? text[i] != ' ' : !hex_value(text.substr(i, 1))) return false;
  }
  return true;
}

std::size_t claimed_bytes(std::string_view text) {
  if (text.size() < kHeaderBytes || !could_begin_frame(text)) return 0;
  const std::size_t length = *hex_value(text.substr(0, kDigits));
  return length > kLargestRecord ? 0 : kHeaderBytes + length + 1;
}

Frame read_frame(std::string_view text) {
  if (!could_begin_frame(text)) return damaged("no length and checksum where a record begins");
  if (text.size() < kHeaderBytes) return {FrameStatus::kIncomplete, {}, 0, "the record is cut off"};
  const std::size_t length = *hex_value(text.substr(0, kDigits));
  const std::uint32_t crc = *hex_value(text.substr(kDigits + 1, kDigits));
  if (length > kLargestRecord) return damaged("the record's length is impossible");
  const std::size_t bytes = kHeaderBytes + length + 1;
  if (text.size() < bytes) return {FrameStatus::kIncomplete, {}, 0, "the record is cut off"};
  const std::string_view json = text.substr(kHeaderBytes, length);
  if (text[bytes - 1] != '\n') return damaged("the record does not end where its length says");
  if (crc_of(json) != crc) return damaged("the record's checksum is wrong");
  return {FrameStatus::kWhole, json, bytes, ""};
}

}  // namespace headway
