#include "base/utf8.h"

#include <array>

namespace headway {

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  auto value = static_cast<char32_t>(lead & (0xff >> (bytes + 1)));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[bytes] || value > 0x10ffff || is_surrogate) return {};
  return {bytes, value};
}

std::optional<std::size_t> first_byte_that_is_no_utf8(std::string_view text) {
  for (std::size_t place = 0; place < text.size();) {
    const CodePoint next = first_code_point(text.substr(place));
    if (!next.value) return place;
    place += next.bytes;
  }
  return std::nullopt;
}

}  // namespace headway
