#include "base/nearest_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace headway {
namespace {

// With transpositions; the rows of the table two back, one back and now.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) now[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, now);
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({above[j] + 1, now[j - 1] + 1, replace});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
  }
  return now[b.size()];
}

std::size_t difference(std::size_t a, std::size_t b) {
  return a > b ? a - b : b - a;
}

// What other programs call it.
std::optional<std::string> known_by_another_name(std::string_view name,
                                                 const std::vector<std::string>& known) {
  constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
      {"lr", "learning_rate"}, {"gpu", "cuda"}, {"wd", "weight_decay"}};
  const std::size_t dot = name.rfind('.');
  const std::size_t start = dot == std::string_view::npos ? 0 : dot + 1;
  for (const auto& other : kOtherNames) {
    if (name.substr(start) != other.first) continue;
    const std::string here = std::string(name.substr(0, start)) + std::string(other.second);
    if (std::ranges::find(known, here) != known.end()) return here;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& known) {
  if (auto here = known_by_another_name(name, known)) return here;
  const std::size_t allowed = std::max<std::size_t>(1, name.size() / 3);
  std::optional<std::string> best;
  std::size_t best_distance = allowed + 1;
  for (const std::string& candidate : known) {
    if (difference(name.size(), candidate.size()) >= best_distance) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  if (const auto near = nearest_name(name, known))
    return fmt::format("; did you mean '{}'?", *near);
  if (known.empty()) return "";
  return fmt::format("; known: {}", fmt::join(known, ", "));
}

}  // namespace headway
