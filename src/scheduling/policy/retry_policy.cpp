#include "scheduling/policy/retry_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/errors.h"

namespace headway {
namespace {

constexpr int kUnlimited = -1;
// Halving ranks and groups side by side comes to one of each well before.
constexpr int kMemoryRetries = 8;

struct Rule {
  std::string_view failure;
  int retries;
  std::string_view meaning;
};

constexpr std::array<Rule, 7> kRules{{
    {"oom", kMemoryRetries, "the memory does not suffice for this configuration"},
    {"diverged", 0, "the same configuration diverges again"},
    {"error", 0, "the trial itself reported an error"},
    {"crash", 2, "the worker crashed"},
    {"hung", 2, "the worker made no progress"},
    {"preempted", kUnlimited, "the worker was interrupted from outside"},
    {"node_failure", kUnlimited, "the worker's machine or supervisor went away"},
}};

const Rule& rule_of(const std::string& failure) {
  const auto* found = std::find_if(
      kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.failure == failure; });
  expects(found != kRules.end(), fmt::format("unknown failure class '{}'", failure));
  return *found;
}

// Ranks of one machine share its memory and each holds a model: half as many need about half. A
// GPU's memory is its rank's own, so fewer ranks would not help there.
RetryDecision with_less_memory(const std::vector<FailedAttempt>& failures) {
  RetryDecision decision;
  for (const FailedAttempt& attempt : failures) {
    if (attempt.failure != "oom") continue;
    if (attempt.on_gpu || (attempt.ranks <= 1 && attempt.groups_beside == 0)) {
      return {false, fmt::format("oom: {}", rule_of("oom").meaning)};
    }
    const int narrower = std::max(1, attempt.ranks / 2);
    decision.max_ranks = std::min(decision.max_ranks.value_or(narrower), narrower);
    decision.reason = fmt::format("oom: on at most {} rank{}{}",
                                  *decision.max_ranks,
                                  *decision.max_ranks == 1 ? "" : "s",
                                  attempt.ranks <= 1 ? ", with fewer groups beside it" : "");
  }
  return decision;
}

}  // namespace

RetryDecision decide_retry(const std::vector<FailedAttempt>& failures) {
  for (const FailedAttempt& attempt : failures) rule_of(attempt.failure);
  for (const Rule& rule : kRules) {
    const auto count =
        std::count_if(failures.begin(), failures.end(), [&](const FailedAttempt& attempt) {
          return attempt.failure == rule.failure;
        });
    if (rule.retries == kUnlimited || count <= rule.retries) continue;
    return {false,
            rule.retries == 0 ? fmt::format("{}: {}", rule.failure, rule.meaning)
                              : fmt::format("{} {} times: {}", rule.failure, count, rule.meaning)};
  }
  return with_less_memory(failures);
}

std::string retry_rule(const std::string& failure) {
  const Rule& rule = rule_of(failure);
  if (failure == "oom") {
    return fmt::format(
        "{}; tried again on fewer ranks, then with fewer groups beside it, then final",
        rule.meaning);
  }
  if (rule.retries == kUnlimited) {
    return fmt::format("{}; always tried again, not counted", rule.meaning);
  }
  if (rule.retries == 0) return fmt::format("{}; final", rule.meaning);
  return fmt::format("{}; tried again {} times", rule.meaning, rule.retries);
}

}  // namespace headway
