#include "store/tables/table_markup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "store/tables/table_format.h"

namespace headway {
namespace {

using Line = std::vector<std::string>;
using CellText = std::string (*)(const RoundedCell& cell);
using Escape = std::string (*)(const std::string& text);

// How many values stand behind a cell, where that is not the row's number of trials.
std::string count_remark(const TableRow& row, const TableCell& cell) {
  if (cell.missing == 0 || cell.n == 0) return "";
  return fmt::format(" ({} of {})", cell.n, row.trials);
}

std::string plain_cell(const RoundedCell& cell) {
  return cell.std.empty() ? cell.mean : cell.mean + " ± " + cell.std;
}

Line header(const Table& table, Escape escape) {
  Line line;
  for (const std::string& key : table.by) line.push_back(escape(key));
  for (const TableColumn& column : table.columns) line.push_back(escape(column.label()));
  line.emplace_back("n");
  return line;
}

std::vector<Line> body(const Table& table, Escape escape, CellText cell_text) {
  std::vector<Line> lines;
  for (const TableRow& row : table.rows) {
    Line line;
    for (const auto& key : row.keys) line.push_back(escape(key.value_or("-")));
    for (const TableCell& cell : row.cells) {
      line.push_back(cell_text(round_cell(cell)) + count_remark(row, cell));
    }
    line.push_back(std::to_string(row.trials));
    lines.push_back(std::move(line));
  }
  return lines;
}

// Columns on a terminal: UTF-8 bytes that continue a character take none.
std::size_t shown_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
  }));
}

std::string unescaped(const std::string& text) {
  return text;
}

std::string escaped(const std::string& text, const std::map<char, std::string>& replacements) {
  std::string result;
  for (const char letter : text) {
    const auto found = replacements.find(letter);
    if (found == replacements.end()) {
      result += letter;
    } else {
      result += found->second;
    }
  }
  return result;
}

std::string markdown_text(const std::string& text) {
  return escaped(text, {{'|', "\\|"}, {'\n', " "}, {'*', "\\*"}, {'_', "\\_"}});
}

std::string latex_text(const std::string& text) {
  return escaped(text,
                 {{'&', "\\&"},
                  {'%', "\\%"},
                  {'$', "\\$"},
                  {'#', "\\#"},
                  {'_', "\\_"},
                  {'{', "\\{"},
                  {'}', "\\}"},
                  {'~', "\\textasciitilde{}"},
                  {'^', "\\textasciicircum{}"},
                  {'\\', "\\textbackslash{}"},
                  {'<', "\\textless{}"},
                  {'>', "\\textgreater{}"}});
}

std::string latex_cell(const RoundedCell& cell) {
  if (cell.mean == "-") return "--";
  return cell.std.empty() ? fmt::format("${}$", cell.mean)
                          : fmt::format("${} \\pm {}$", cell.mean, cell.std);
}

std::string html_text(const std::string& text) {
  return escaped(text, {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}});
}

std::string html_line(const Line& line, const char* tag) {
  std::string text = "<tr>";
  for (const std::string& field : line) text += fmt::format("<{0}>{1}</{0}>", tag, field);
  return text + "</tr>\n";
}

// Keys to the left, numbers to the right.
std::string aligned(const Line& line, const std::vector<std::size_t>& widths, std::size_t keys) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::string space(widths[i] - shown_width(line[i]), ' ');
    if (i > 0) text += "  ";
    text += i < keys ? line[i] + space : space + line[i];
  }
  return text + "\n";
}

}  // namespace

std::string text_table(const Table& table) {
  std::vector<Line> lines = body(table, unescaped, plain_cell);
  lines.insert(lines.begin(), header(table, unescaped));
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], shown_width(line[i]));
    }
  }
  std::string text = aligned(lines.front(), widths, table.by.size());
  Line rule;
  for (const std::size_t width : widths) rule.emplace_back(width, '-');
  text += aligned(rule, widths, table.by.size());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    text += aligned(lines[i], widths, table.by.size());
  }
  for (const std::string& note : table.notes) text += fmt::format("note: {}\n", note);
  return text;
}

std::string markdown_table(const Table& table) {
  const Line head = header(table, markdown_text);
  std::string text = fmt::format("| {} |\n|", fmt::join(head, " | "));
  for (std::size_t i = 0; i < head.size(); ++i) text += i < table.by.size() ? " --- |" : " ---: |";
  text += '\n';
  for (const Line& line : body(table, markdown_text, plain_cell)) {
    text += fmt::format("| {} |\n", fmt::join(line, " | "));
  }
  for (const std::string& note : table.notes) text += fmt::format("\nNote: {}\n", note);
  return text;
}

std::string latex_table(const Table& table) {
  const Line head = header(table, latex_text);
  const std::string alignment =
      std::string(table.by.size(), 'l') + std::string(head.size() - table.by.size(), 'r');
  std::string text = "% needs \\usepackage{booktabs}\n";
  for (const std::string& note : table.notes) text += fmt::format("% {}\n", note);
  text += fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n", alignment);
  text += fmt::format("{} \\\\\n\\midrule\n", fmt::join(head, " & "));
  for (const Line& line : body(table, latex_text, latex_cell)) {
    text += fmt::format("{} \\\\\n", fmt::join(line, " & "));
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string html_table(const Table& table) {
  std::string text =
      "<table>\n<thead>\n" + html_line(header(table, html_text), "th") + "</thead>\n<tbody>\n";
  for (const Line& line : body(table, html_text, plain_cell)) text += html_line(line, "td");
  text += "</tbody>\n</table>\n";
  for (const std::string& note : table.notes) {
    text += fmt::format("<p>Note: {}</p>\n", html_text(note));
  }
  return text;
}

}  // namespace headway
