#include "base/text.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <fstream>
#include <ostream>
#include <sstream>

#include "base/errors.h"
#include "base/utf8.h"

namespace headway {
namespace {

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return align == Align::kLeft ? text + space : space + text;
}

// C1 controls, line and paragraph separators, and what reorders text or hides in it.
bool is_obeyed(char32_t value) {
  return (value >= 0x80 && value < 0xa0) || (value >= 0x200b && value <= 0x200f) ||
         (value >= 0x2028 && value <= 0x202e) || (value >= 0x2060 && value <= 0x206f) ||
         value == 0xfeff || (value >= 0xe0000 && value <= 0xe007f);
}

}  // namespace

void TextColumns::add(std::vector<std::string> cells) {
  expects(cells.size() == columns_.size(), "a line of a table has another number of cells");
  for (std::string& cell : cells) cell = printable(cell);
  lines_.push_back(std::move(cells));
}

void TextColumns::print(std::ostream& out, int indent) const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& line : lines_) width = std::max(width, display_width(line[i]));
    widths.push_back(width);
    titles.push_back(columns_[i].title);
  }
  const auto print_line = [&](const std::vector<std::string>& cells) {
    std::string text(static_cast<std::size_t>(indent), ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text += "  ";
      text += padded(cells[i], widths[i], columns_[i].align);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    fmt::print(out, "{}\n", text);
  };
  print_line(titles);
  for (const auto& line : lines_) print_line(line);
}

std::string printable(std::string_view text, Newlines newlines) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    const std::string_view bytes = text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
    if (!next.value) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes.front()));
    } else if (*next.value == '\n') {
      result += newlines == Newlines::kKeep ? "\n" : "\\n";
    } else if (*next.value == '\t') {
      result += newlines == Newlines::kKeep ? "\t" : "\\t";
    } else if (*next.value < 0x20 || *next.value == 0x7f) {
      result += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(*next.value));
    } else if (is_obeyed(*next.value)) {
      result += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(*next.value));
    } else {
      result += bytes;
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 100;
  if (text.size() <= kMost) return fmt::format("'{}'", printable(text));
  std::size_t cut = kMost;
  while (cut > 0 && (text[cut] & 0xC0) == 0x80) --cut;  // not within a character
  return fmt::format("'{}...' ({} bytes)", printable(text.substr(0, cut)), text.size());
}

std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string format_number(double number) {
  return fmt::format("{}", number);
}

std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool fits =
        !lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= width;
    if (fits) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

std::string counted(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string without_prefix(std::string text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  return text;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

std::string last_line(std::string_view text) {
  const auto end = text.find_last_not_of('\n');
  if (end == std::string_view::npos) return "";
  const auto newline = text.rfind('\n', end);
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  return std::string(text.substr(begin, end + 1 - begin));
}

std::uint64_t tail_offset(const std::filesystem::path& file,
                          std::uint64_t lines,
                          std::uint64_t most_bytes) {
  constexpr std::uint64_t kBlock = 1 << 16;
  std::error_code missing;  // or no regular file: opening a pipe would wait
  const std::uint64_t size = std::filesystem::file_size(file, missing);
  if (missing || size == 0) return 0;
  if (lines == 0) return size;
  std::ifstream in(file, std::ios::binary);
  std::uint64_t found = 0;
  std::uint64_t position = size - 1;  // a newline that ends the file ends its last line
  const std::uint64_t least = size - std::min(size, most_bytes);
  std::string block;
  while (position > least) {
    const std::uint64_t begin = position - std::min(position - least, kBlock);
    block.resize(position - begin);
    in.seekg(static_cast<std::streamoff>(begin));
    if (!in.read(block.data(), static_cast<std::streamsize>(block.size()))) return 0;
    for (std::uint64_t i = block.size(); i > 0; --i) {
      if (block[i - 1] == '\n' && ++found == lines) return begin + i;
    }
    position = begin;
  }
  return least;
}

std::vector<std::string> last_lines(const std::filesystem::path& file, std::uint64_t count) {
  std::error_code missing;
  if (!std::filesystem::is_regular_file(file, missing)) return {};
  constexpr std::uint64_t kMostPerLine = 4096;
  const std::uint64_t begin = tail_offset(file, count, count * kMostPerLine);
  std::ifstream in(file);
  // One byte earlier, a newline unless the offset is within a line.
  const std::uint64_t before = begin == 0 ? 0 : begin - 1;
  in.seekg(static_cast<std::streamoff>(before));
  const bool is_cut = begin > 0 && in.get() != '\n';
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back((is_cut && lines.empty() ? "..." : "") + line);
  }
  return lines;
}

}  // namespace headway
