#include "data/readers/classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <sstream>

#include "base/errors.h"
#include "data/readers/data_file.h"

namespace headway {
namespace {

constexpr std::uint64_t kLargestNamesFile = 1 << 20;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

void LabelCounts::add(std::span<const std::int32_t> labels) {
  for (const std::int32_t label : labels) ++counts_.at(static_cast<std::size_t>(label));
}

void LabelCounts::expect_every_class(std::string_view place) const {
  const auto empty = std::ranges::find(counts_, 0);
  if (empty == counts_.end()) return;
  throw ConfigError(fmt::format("{}: found no label {} among {}, expected every class 0..{}",
                                place,
                                empty - counts_.begin(),
                                std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}),
                                counts_.size() - 1));
}

std::vector<std::string> read_class_names(const std::filesystem::path& path, std::int64_t count) {
  DataFile file(path);
  std::vector<std::uint8_t> bytes(
      std::min<std::uint64_t>(file.most_remaining(), kLargestNamesFile));
  bytes.resize(file.read_up_to(bytes));
  file.expect_end();
  std::vector<std::string> names = lines_of({bytes.begin(), bytes.end()});
  const auto refuse = [&](std::size_t line, const std::string& found, const std::string& expected) {
    throw ConfigError(
        fmt::format("{}: line {}: found {}, expected {}", path.string(), line, found, expected));
  };
  if (names.size() != static_cast<std::size_t>(count)) {
    refuse(names.size(), fmt::format("{} names", names.size()), fmt::format("{}", count));
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) refuse(i + 1, "an empty line", "the name of a class");
    if (!seen.insert(names[i]).second) refuse(i + 1, "'" + names[i] + "' again", "another name");
  }
  return names;
}

std::vector<std::string> class_names_or(const std::optional<std::filesystem::path>& path,
                                        std::vector<std::string> published) {
  if (!path) return published;
  return read_class_names(*path, static_cast<std::int64_t>(published.size()));
}

}  // namespace headway
