#include "scheduling/policy/shared_error.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "base/failure.h"

namespace headway {
namespace {

// Ids, addresses, ranks and steps differ from trial to trial though the error is one.
std::string without_numbers(const std::string& message) {
  const std::string text = message.substr(0, message.find("; see logs/"));
  std::string plain;
  std::string word;
  const auto end_word = [&] {
    const bool has_digit = std::any_of(
        word.begin(), word.end(), [](unsigned char letter) { return std::isdigit(letter) != 0; });
    plain += has_digit ? "#" : word;
    word.clear();
  };
  for (const char letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
      word += letter;
      continue;
    }
    end_word();
    plain += letter;
  }
  end_word();
  return plain;
}

// What tells errors apart.
using ErrorKind = std::pair<std::string, std::string>;

ErrorKind kind_of(const EndedTrial& trial) {
  return {trial.failure, without_numbers(trial.message)};
}

bool is_result(const EndedTrial& trial) {
  return trial.failure.empty() || trial.failure == failure_name(FailureClass::kDiverged);
}

}  // namespace

std::optional<SharedError> shared_error(const std::vector<EndedTrial>& ended) {
  if (std::ranges::any_of(ended, is_result)) return std::nullopt;
  std::map<ErrorKind, std::vector<const EndedTrial*>> by_kind;
  for (const EndedTrial& trial : ended) by_kind[kind_of(trial)].push_back(&trial);
  for (const auto& [kind, trials] : by_kind) {
    if (trials.size() < kTrialsThatPause || 2 * trials.size() <= ended.size()) continue;
    SharedError error{trials.front()->failure, trials.front()->message, {}};
    for (const EndedTrial* trial : trials) error.trial_ids.push_back(trial->trial_id);
    return error;
  }
  return std::nullopt;
}

}  // namespace headway
