#include "scheduling/policy/shared_error.h"

#include <algorithm>
#include <cctype>
#include <tuple>

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

bool same_error(const EndedTrial& one, const EndedTrial& other) {
  return one.failure == other.failure &&
         without_numbers(one.message) == without_numbers(other.message);
}

}  // namespace

std::optional<SharedError> shared_first_error(std::vector<EndedTrial> ended) {
  if (ended.size() < kTrialsThatPause) return std::nullopt;
  std::sort(ended.begin(), ended.end(), [](const EndedTrial& one, const EndedTrial& other) {
    return std::tie(one.finished_at, one.trial_id) < std::tie(other.finished_at, other.trial_id);
  });
  const EndedTrial& first = ended.front();
  if (first.failure.empty() || first.failure == failure_name(FailureClass::kDiverged))
    return std::nullopt;
  const auto third = ended.begin() + kTrialsThatPause;
  if (!std::all_of(ended.begin(), third, [&](const EndedTrial& trial) {
        return same_error(first, trial);
      })) {
    return std::nullopt;
  }
  SharedError error{first.failure, first.message, {}};
  for (const EndedTrial& trial : ended) {
    if (same_error(first, trial)) error.trial_ids.push_back(trial.trial_id);
  }
  return error;
}

}  // namespace headway
