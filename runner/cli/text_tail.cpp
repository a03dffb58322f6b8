#include "runner/cli/text_tail.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace headway {

std::uint64_t tail_offset(const std::filesystem::path& file, std::uint64_t lines) {
  constexpr std::uint64_t kBlock = 1 << 16;
  std::error_code missing;
  const std::uint64_t size = std::filesystem::file_size(file, missing);
  if (missing || size == 0) return 0;
  if (lines == 0) return size;
  std::ifstream in(file, std::ios::binary);
  std::uint64_t found = 0;
  std::uint64_t position = size - 1;  // a newline that ends the file ends its last line
  std::string block;
  while (position > 0) {
    const std::uint64_t begin = position - std::min(position, kBlock);
    block.resize(position - begin);
    in.seekg(static_cast<std::streamoff>(begin));
    if (!in.read(block.data(), static_cast<std::streamsize>(block.size()))) return 0;
    for (std::uint64_t i = block.size(); i > 0; --i) {
      if (block[i - 1] == '\n' && ++found == lines) return begin + i;
    }
    position = begin;
  }
  return 0;
}

}  // namespace headway
