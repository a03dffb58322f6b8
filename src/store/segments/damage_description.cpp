#include "store/segments/damage_description.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/files.h"

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

// A record with good ones behind it may be as large as one can be; no name stands that far in it.
constexpr std::size_t kLooked = std::size_t{1} << 20;
constexpr std::size_t kPiece = std::size_t{1} << 20;

/// Reads a file from place to place, however large it is.
class Places {
 public:
  explicit Places(const std::filesystem::path& path)
      : path_(path), file_(open_regular(path, Links::kRefuse)) {}

  std::string read(std::uint64_t begin, std::size_t bytes) const {
    std::string text(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
      const ssize_t count = ::pread(
          file_.native(), text.data() + have, bytes - have, static_cast<off_t>(begin + have));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw_errno("pread", path_.string());
      if (count == 0) break;
      have += static_cast<std::size_t>(count);
    }
    text.resize(have);
    return text;
  }

  std::uint64_t newlines(std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t count = 0;
    while (begin < end) {
      const off_t data = ::lseek(file_.native(), static_cast<off_t>(begin), SEEK_DATA);
      if (data >= 0) begin = std::max(begin, static_cast<std::uint64_t>(data));
      if ((data < 0 && errno == ENXIO) || begin >= end) break;  // a hole to the end
      const std::string text = read(begin, std::min<std::uint64_t>(kPiece, end - begin));
      if (text.empty()) break;
      count += static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
      begin += text.size();
    }
    return count;
  }

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
};

/// What stood in `bytes` bytes from `begin` on.
std::string describe_records(const Places& segment, std::uint64_t begin, std::uint64_t bytes) {
  const std::string text = segment.read(begin, std::min<std::uint64_t>(kLooked, bytes));
  std::string_view rest = text;
  std::vector<std::string> records;
  while (!rest.empty() && records.size() < kMostNamed) {
    const std::size_t end = rest.find('\n');
    records.push_back(describe_record(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  const std::uint64_t named = text.size() - rest.size();
  std::uint64_t more = segment.newlines(begin + named, begin + bytes);
  const bool ends_in_record = named < bytes && segment.read(begin + bytes - 1, 1) != "\n";
  if (ends_in_record) ++more;
  const bool is_cut = rest.empty() && named < bytes && !text.ends_with('\n');
  if (is_cut && more > 0) --more;  // the rest of the last one named
  if (more > 0) records.push_back(fmt::format("and {} more", more));
  return fmt::format("{}", fmt::join(records, ", "));
}

}  // namespace

std::string describe_damage(const std::filesystem::path& segment, const SegmentDamage& damage) {
  if (damage.kind == DamageKind::kNoFile) return damage.reason + "; its records are lost";
  const Places places(segment);
  return fmt::format("line {}: {} bytes are no record ({}); lost: {}",
                     1 + places.newlines(0, damage.offset),
                     damage.bytes,
                     damage.reason,
                     describe_records(places, damage.offset, damage.bytes));
}

}  // namespace headway
