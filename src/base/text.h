#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

enum class Align { kLeft, kRight };

/// Lines of cells under a header, each column as wide as its widest cell, two spaces apart. Cells
/// are printed as printable() has them.
class TextColumns {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit TextColumns(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);
  /// With `indent` spaces before each line, none after the last cell.
  void print(std::ostream& out, int indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> lines_;
};

enum class Newlines { kEscape, kKeep };

/// `text` with what is not for showing written out, as "\x1b" or "\u202e": control characters,
/// which a terminal obeys, marks that reorder a line, and bytes that are no UTF-8. For whatever
/// comes from files, the command line or other programs and goes to a terminal.
std::string printable(std::string_view text, Newlines newlines = Newlines::kEscape);

/// "'text'" for messages: printable, and cut where it becomes too long to read.
std::string in_quotes(std::string_view text);

/// Columns that `text` takes on a terminal: UTF-8 code points.
std::size_t display_width(const std::string& text);

/// `number` with the digits that tell it from its neighbours, no more: "0.1", "0.0005", "128".
std::string format_number(double number);

/// Columns at which explanations are broken.
inline constexpr std::size_t kTextWidth = 96;

/// `text` broken at spaces into lines of at most `width` columns.
std::vector<std::string> wrap(const std::string& text, std::size_t width);

/// "1 trial", "2 trials".
std::string counted(std::size_t count, const std::string& noun);

/// `text` without the prefix, where it begins with it.
std::string without_prefix(std::string text, std::string_view prefix);

/// Up to the first newline.
std::string first_line(std::string_view text);
/// The last line that is not empty; "" when there is none.
std::string last_line(std::string_view text);

/// Where the last `lines` lines of a text file begin; 0 when it has no more than that or does not
/// exist. A last line without its newline counts. Reads from the end only what it must, and at most
/// `most_bytes`: where lines are longer than that together, the offset is within one.
std::uint64_t tail_offset(const std::filesystem::path& file,
                          std::uint64_t lines,
                          std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max());
/// The last `count` lines of a text file, without their newlines; none when it does not exist. For
/// people: of lines longer than 4 KiB on average, such as bars that are drawn over and over, fewer
/// are read, and of the first of them "..." and its end.
std::vector<std::string> last_lines(const std::filesystem::path& file, std::uint64_t count);

}  // namespace headway
