#include "scheduling/retry_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/errors.h"

namespace headway {
namespace {

constexpr int kUnlimited = -1;

struct Rule {
  std::string_view failure;
  int retries;
  std::string_view meaning;
};

constexpr std::array<Rule, 7> kRules{{
    {"oom", 0, "the memory does not suffice for this configuration"},
    {"diverged", 0, "the same configuration diverges again"},
    {"error", 0, "the trial itself reported an error"},
    {"crash", 2, "the worker crashed"},
    {"hung", 2, "the worker made no progress"},
    {"preempted", kUnlimited, "the worker was interrupted from outside"},
    {"node_failure", kUnlimited, "the worker's machine or supervisor went away"},
}};

}  // namespace

RetryDecision decide_retry(const std::vector<std::string>& failures) {
  for (const std::string& failure : failures) {
    const bool known = std::any_of(
        kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.failure == failure; });
    expects(known, fmt::format("unknown failure class '{}'", failure));
  }
  for (const Rule& rule : kRules) {
    const auto count = std::count(failures.begin(), failures.end(), rule.failure);
    if (rule.retries == kUnlimited || count <= rule.retries) continue;
    return {false,
            rule.retries == 0 ? fmt::format("{}: {}", rule.failure, rule.meaning)
                              : fmt::format("{} {} times: {}", rule.failure, count, rule.meaning)};
  }
  return {true, ""};
}

}  // namespace headway
