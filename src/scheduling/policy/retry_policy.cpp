#include "scheduling/policy/retry_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/errors.h"
#include "base/failure.h"

namespace headway {
namespace {

constexpr const char* kOom = failure_name(FailureClass::kOom);
constexpr int kUnlimited = -1;
// Halving ranks and groups side by side comes to one of each well before.
constexpr int kMemoryRetries = 8;

struct Rule {
  std::string_view failure;
  int retries;
  std::string_view meaning;
};

constexpr std::array<Rule, 7> kRules{{
    {failure_name(FailureClass::kOom),
     kMemoryRetries,
     "the memory does not suffice for this configuration"},
    {failure_name(FailureClass::kDiverged), 0, "the same configuration diverges again"},
    {failure_name(FailureClass::kError), 0, "the trial itself reported an error"},
    {failure_name(FailureClass::kCrash), 2, "the worker crashed"},
    {failure_name(FailureClass::kHung), 2, "the worker made no progress"},
    {failure_name(FailureClass::kPreempted), kUnlimited, "the worker was interrupted from outside"},
    {failure_name(FailureClass::kNodeFailure),
     kUnlimited,
     "the worker's machine, its disk or its supervisor went away"},
}};

const Rule& rule_of(const std::string& failure) {
  const auto* found = std::find_if(
      kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.failure == failure; });
  expects(found != kRules.end(), fmt::format("unknown failure class '{}'", failure));
  return *found;
}

// Ranks of one machine share its memory and each holds a model: half as many need about half. A
// GPU's memory is its rank's own, so fewer ranks would not help there. A trial that cannot do with
// fewer ranks fails on as many again.
RetryDecision with_less_memory(const std::vector<FailedAttempt>& failures) {
  RetryDecision decision;
  std::set<int> tried_alone;  // numbers of ranks
  for (const FailedAttempt& attempt : failures) {
    if (attempt.failure != kOom) continue;
    const bool was_alone = attempt.groups_beside == 0;
    const bool had_nothing_to_give_up =
        was_alone && (attempt.ranks <= 1 || !tried_alone.insert(attempt.ranks).second);
    if (attempt.on_gpu || had_nothing_to_give_up) {
      return {false, fmt::format("{}: {}", kOom, rule_of(kOom).meaning)};
    }
    const int narrower = std::max(1, attempt.ranks / 2);
    decision.max_ranks = std::min(decision.max_ranks.value_or(narrower), narrower);
    decision.reason = fmt::format("{}: on at most {} rank{}{}",
                                  kOom,
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
  if (failure == kOom) {
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
