#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/nearest_name.h"
#include "base/philox.h"
#include "config/sweep/axes.h"
#include "config/yaml/scalars.h"

namespace headway {
namespace {

struct Range {
  double low = 0;
  double high = 0;
};

/// Up to 2^53 a double tells every integer from its neighbours.
bool is_exact_integer(std::string_view text) {
  const auto number = parse_integer(text);
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  return number && *number >= -kLargest && *number <= kLargest;
}

/// [low, high] with low < high.
std::optional<Range> read_range(const LocatedValue& value, bool whole_numbers) {
  if (!value.is_list() || value.items.size() != 2) return std::nullopt;
  std::vector<double> ends;
  for (const LocatedValue& item : value.items) {
    const auto number = item.is_scalar() ? parse_number(item.text) : std::nullopt;
    if (!number || (whole_numbers && !is_exact_integer(item.text))) return std::nullopt;
    ends.push_back(*number);
  }
  return ends[0] < ends[1] && std::isfinite(ends[1] - ends[0])
             ? std::optional(Range{ends[0], ends[1]})
             : std::nullopt;
}

/// 6 significant digits, kept inside the range.
std::string rounded(double value, const Range& range) {
  const double short_value = *parse_number(fmt::format("{:.6g}", value));
  return fmt::format("{}", std::clamp(short_value, range.low, range.high));
}

std::string draw_number(const std::string& kind, const Range& range, RandomStream stream) {
  if (kind == "integer") {
    const auto low = static_cast<std::int64_t>(range.low);
    const auto count = static_cast<std::uint64_t>(static_cast<std::int64_t>(range.high) - low) + 1;
    return fmt::format("{}", low + static_cast<std::int64_t>(stream.below(count)));
  }
  const double u = stream.uniform();
  if (kind == "uniform") return rounded(range.low + u * (range.high - range.low), range);
  const double low = std::log(range.low);
  return rounded(std::exp(low + u * (std::log(range.high) - low)), range);
}

/// One random key: how it is drawn.
struct RandomKey {
  std::string kind;  // uniform, log_uniform, integer, choice
  Range range;
  std::vector<LocatedValue> choices;
};

std::optional<RandomKey> read_random_key(const LocatedValue::Entry& entry, Problems& problems) {
  static const std::vector<std::string> kinds{"choice", "integer", "log_uniform", "uniform"};
  const auto refuse = [&](const Place& place, const std::string& message) {
    problems.push_back({place, fmt::format("sweep.random '{}': {}", entry.key, message)});
    return std::nullopt;
  };
  if (!entry.value.is_map() || entry.value.entries.size() != 1) {
    return refuse(entry.value.place,
                  "expected a mapping with one of uniform, log_uniform, integer, choice");
  }
  const LocatedValue::Entry& spec = entry.value.entries.front();
  if (std::ranges::find(kinds, spec.key) == kinds.end()) {
    return refuse(spec.key_place,
                  fmt::format("unknown key '{}'{}", spec.key, suggestion(spec.key, kinds)));
  }
  if (spec.key == "choice") {
    const bool usable = spec.value.is_list() && !spec.value.items.empty();
    if (!usable) return refuse(spec.value.place, "choice expects a list of values");
    return RandomKey{spec.key, {}, spec.value.items};
  }
  const auto range = read_range(spec.value, spec.key == "integer");
  if (!range) {
    return refuse(spec.value.place,
                  fmt::format("{} expects two {} [low, high] with low < high",
                              spec.key,
                              spec.key == "integer" ? "integers up to 2^53" : "numbers"));
  }
  if (spec.key == "log_uniform" && range->low <= 0) {
    return refuse(spec.value.place, "log_uniform expects numbers > 0");
  }
  return RandomKey{spec.key, *range, {}};
}

}  // namespace

std::vector<LocatedValue> random_values(const LocatedValue::Entry& entry,
                                        std::int64_t n,
                                        std::int64_t seed,
                                        Problems& problems) {
  const std::optional<RandomKey> key = read_random_key(entry, problems);
  std::vector<LocatedValue> values;
  for (std::int64_t i = 0; key && i < n; ++i) {
    RandomStream stream(static_cast<std::uint64_t>(seed),
                        "sweep.random " + entry.key,
                        static_cast<std::uint64_t>(i));
    if (key->kind == "choice") {
      values.push_back(key->choices[stream.below(key->choices.size())]);
      continue;
    }
    LocatedValue value;
    value.kind = LocatedValue::Kind::kScalar;
    value.place = entry.value.place;
    value.text = draw_number(key->kind, key->range, stream);
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace headway
