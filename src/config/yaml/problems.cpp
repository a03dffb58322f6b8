#include "config/yaml/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "base/errors.h"
#include "base/text.h"

namespace headway {
namespace {

constexpr std::size_t kMostMessages = 100;

}  // namespace

void throw_problems(Problems problems) {
  if (problems.empty()) return;
  std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
    return std::tuple(problem.place.line, problem.place.column);
  });
  std::vector<std::string> messages;
  std::unordered_set<std::string> seen;
  for (const Problem& problem : problems) {
    std::string message = printable(problem.place.prefix() + problem.message);
    if (seen.insert(message).second) messages.push_back(std::move(message));
  }
  if (messages.size() > kMostMessages) {
    const std::size_t more = messages.size() - kMostMessages;
    messages.resize(kMostMessages);
    messages.push_back(fmt::format("... and {}", counted(more, "more mistake")));
  }
  throw ConfigErrors(std::move(messages));
}

std::span<const LocatedValue::Entry> expect_map(const LocatedValue& value,
                                                const std::string& what,
                                                Problems& problems) {
  if (!value.is_map() && !value.is_null()) {
    problems.push_back(
        {value.place,
         fmt::format(
             "{}: expected a mapping from keys to values, found {}", what, describe(value))});
  }
  return value.entries;
}

}  // namespace headway
