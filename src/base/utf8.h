#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace headway {

struct CodePoint {
  std::size_t bytes = 1;
  std::optional<char32_t> value = {};  // absent: the byte is no UTF-8
};

/// Of a text that is not empty.
CodePoint first_code_point(std::string_view text);

/// Where `text` first is no UTF-8; nothing when all of it is.
std::optional<std::size_t> first_byte_that_is_no_utf8(std::string_view text);

}  // namespace headway
