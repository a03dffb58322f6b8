#include "store/segments/damage_description.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/limits.h"

namespace headway {
namespace {

constexpr std::size_t kMostNamed = 5;

// The value of a text field, as far as the damage lets it be found.
std::string_view field(std::string_view record, std::string_view key) {
  const std::string begin = fmt::format(R"("{}":")", key);
  const std::size_t start = record.find(begin);
  if (start == std::string_view::npos) return {};
  const std::string_view rest = record.substr(start + begin.size());
  const std::string_view value = rest.substr(0, rest.find('"'));
  const bool readable = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
  return readable && value.size() < rest.size() ? value : std::string_view();
}

std::string describe_record(std::string_view record) {
  const bool zeroes = std::ranges::all_of(record, [](char c) { return c == '\0'; });
  if (zeroes) return "zeroes, as a machine that lost power leaves them";
  const std::string_view kind = field(record, "kind");
  const std::string_view trial = field(record, "trial_id");
  return fmt::format("{}{}{}",
                     kind.empty() ? "an unreadable record" : fmt::format("'{}'", kind),
                     trial.empty() ? "" : " of trial ",
                     trial);
}

std::string describe_records(std::string_view bytes) {
  std::vector<std::string> records;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    records.push_back(describe_record(bytes.substr(0, end)));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  const std::size_t count = records.size();
  records.resize(std::min(count, kMostNamed));
  if (count > kMostNamed) records.push_back(fmt::format("and {} more", count - kMostNamed));
  return fmt::format("{}", fmt::join(records, ", "));
}

}  // namespace

std::string describe_damage(const std::filesystem::path& segment, const SegmentDamage& damage) {
  const std::string text = read_text(segment, kLargestManifest, Links::kRefuse);
  const std::string_view before = std::string_view(text).substr(0, damage.offset);
  const std::string_view bytes = std::string_view(text).substr(before.size(), damage.bytes);
  return fmt::format("line {}: {} bytes are no record ({}); lost: {}",
                     1 + std::ranges::count(before, '\n'),
                     damage.bytes,
                     damage.reason,
                     describe_records(bytes));
}

}  // namespace headway
