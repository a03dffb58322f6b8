#include "cluster/slurm/hostlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/errors.h"
#include "base/text.h"

namespace headway {
namespace {

constexpr std::size_t kLongestHostName = 255;
constexpr std::size_t kMostDigits = 9;

using Names = std::vector<std::string>;

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

/// One number of a range, as written: leading zeros count.
std::optional<std::uint32_t> number_in(std::string_view digits) {
  std::uint32_t number = 0;
  const char* const end = digits.data() + digits.size();
  if (digits.size() > kMostDigits) return std::nullopt;
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

class HostListReader {
 public:
  HostListReader(std::string_view text, std::string_view source) : text_(text), source_(source) {}

  Names read() {
    Names hosts;
    do {
      const Names more = hosts_of_one_entry();
      hosts.insert(hosts.end(), more.begin(), more.end());
      expect_few(hosts.size());
    } while (take(','));
    if (at_ < text_.size()) fail("a name, ',' or '['");
    return hosts;
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    constexpr std::size_t kShown = 200;
    throw ConfigError(fmt::format("{}: found {}, which is no list of hosts: expected {} at {}",
                                  source_,
                                  in_quotes(std::string(text_.substr(0, kShown))),
                                  expected,
                                  at_ + 1));
  }
  void expect_few(std::size_t count) const {
    if (count <= kMostHosts) return;
    throw ConfigError(fmt::format("{}: more than {} hosts", source_, kMostHosts));
  }

  bool take(char expected) {
    if (at_ >= text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  template <typename Belongs>
  std::string_view take_while(const Belongs& belongs) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  /// Up to the next ',' outside of brackets: "rack1-n[01-02,07]".
  Names hosts_of_one_entry() {
    Names hosts{""};
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',') {
      const bool has_numbers = take('[');
      const Names parts = has_numbers ? numbers() : Names{std::string(take_while(is_of_a_name))};
      if (parts.front().empty()) fail("a name, ',' or '['");
      const std::size_t length = hosts.front().size() + parts.front().size();
      if (length > kLongestHostName) fail("a shorter name");
      expect_few(hosts.size() * parts.size());
      hosts = joined(hosts, parts);
    }
    if (at_ == begin) fail("a name");
    return hosts;
  }

  static Names joined(const Names& heads, const Names& tails) {
    Names all;
    all.reserve(heads.size() * tails.size());
    for (const std::string& head : heads) {
      for (const std::string& tail : tails) all.push_back(head + tail);
    }
    return all;
  }

  /// "01-03,7]".
  Names numbers() {
    Names all;
    do {
      const auto [first, last, digits] = range();
      expect_few(all.size() + (last - first) + 1);
      for (std::uint32_t number = first; number <= last; ++number) {
        all.push_back(fmt::format("{:0{}}", number, digits));
      }
    } while (take(','));
    if (!take(']')) fail("',' or ']'");
    return all;
  }

  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::size_t digits = 1;  // at least, by leading zeros
  };
  Range range() {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::string_view low = take_while(is_digit);
    const auto first = number_in(low);
    if (!first) fail("a number");
    const auto last = take('-') ? number_in(take_while(is_digit)) : first;
    if (!last || *last < *first) fail("a number that is not below the one before");
    return {*first, *last, low.size()};
  }

  std::string_view text_;
  std::string_view source_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> expand_host_list(std::string_view text, std::string_view source) {
  return HostListReader(text, source).read();
}

}  // namespace headway
