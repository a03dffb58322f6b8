#include "store/tables/table_markup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"
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

std::string plain_text(const std::string& text) {
  return printable(text);
}

std::string escaped(const std::string& text, const std::map<char, std::string>& replacements) {
  std::string result;
  for (const char letter : printable(text)) {
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
  return escaped(text,
                 {{'\\', "\\\\"},
                  {'|', "\\|"},
                  {'*', "\\*"},
                  {'_', "\\_"},
                  {'`', "\\`"},
                  {'~', "\\~"},
                  {'[', "\\["},
                  {']', "\\]"},
                  {'&', "&amp;"},
                  {'<', "&lt;"},
                  {'>', "&gt;"}});
}

// Braces keep what begins a line from being an option or the star of the command before it.
std::string latex_text(const std::string& text) {
  return escaped(text,
                 {{'&', "\\&"},
                  {'%', "\\%"},
                  {'$', "\\$"},
                  {'#', "\\#"},
                  {'_', "\\_"},
                  {'{', "\\{"},
                  {'}', "\\}"},
                  {'[', "{[}"},
                  {']', "{]}"},
                  {'*', "{*}"},
                  {'~', "\\textasciitilde{}"},
                  {'^', "\\textasciicircum{}"},
                  {'\\', "\\textbackslash{}"},
                  {'<', "\\textless{}"},
                  {'>', "\\textgreater{}"}});
}

// "1.2 \times 10^{-5}" for "1.2e-05".
std::string latex_number(const std::string& number) {
  const auto e = number.find('e');
  if (e == std::string::npos) return number;
  return fmt::format("{} \\times 10^{{{}}}", number.substr(0, e), std::stoi(number.substr(e + 1)));
}

std::string latex_cell(const RoundedCell& cell) {
  if (cell.mean == "-") return "--";
  const std::string mean = latex_number(cell.mean);
  return cell.std.empty() ? fmt::format("${}$", mean)
                          : fmt::format("${} \\pm {}$", mean, latex_number(cell.std));
}

std::string html_text(const std::string& text) {
  return escaped(text,
                 {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}});
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
    const std::string space(widths[i] - display_width(line[i]), ' ');
    if (i > 0) text += "  ";
    text += i < keys ? line[i] + space : space + line[i];
  }
  return text + "\n";
}

}  // namespace

std::string text_table(const Table& table) {
  std::vector<Line> lines = body(table, plain_text, plain_cell);
  lines.insert(lines.begin(), header(table, plain_text));
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(line[i]));
    }
  }
  std::string text = aligned(lines.front(), widths, table.by.size());
  Line rule;
  for (const std::size_t width : widths) rule.emplace_back(width, '-');
  text += aligned(rule, widths, table.by.size());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    text += aligned(lines[i], widths, table.by.size());
  }
  for (const std::string& note : table.notes) text += fmt::format("note: {}\n", plain_text(note));
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
  for (const std::string& note : table.notes)
    text += fmt::format("\nNote: {}\n", markdown_text(note));
  return text;
}

std::string latex_table(const Table& table) {
  const Line head = header(table, latex_text);
  const std::string alignment =
      std::string(table.by.size(), 'l') + std::string(head.size() - table.by.size(), 'r');
  std::string text = "% needs \\usepackage{booktabs}\n";
  for (const std::string& note : table.notes) text += fmt::format("% {}\n", plain_text(note));
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
