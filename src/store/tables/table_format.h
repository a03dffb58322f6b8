#pragma once

#include <string>

#include "store/tables/table.h"

namespace headway {

enum class TableFormat { kText, kMarkdown, kCsv, kLatex, kHtml, kJson };

/// "text", "markdown" or "md", "csv", "latex" or "tex", "html", "json"; ConfigError with the
/// nearest.
TableFormat table_format_from_string(const std::string& name);

/// The table as text that ends in a newline. CSV and JSON keep full precision; the others round the
/// standard deviation to two significant digits and the mean to the same place, a mean without one
/// to four decimals but at least three significant digits, with exponents where these are shorter.
/// What comes from names and files becomes neither markup nor a formula nor an order to a terminal.
std::string format_table(const Table& table, TableFormat format);

/// "0.912 ± 0.013 (n=3)"-style parts: mean and standard deviation, rounded together.
struct RoundedCell {
  std::string mean;  // "-" when absent
  std::string std;   // "" when absent
};
RoundedCell round_cell(const TableCell& cell);

}  // namespace headway
