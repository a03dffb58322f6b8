// The input is what two writers recorded: its lines go to the one and the other in turn, framed as
// records when the first byte is 'f', else as they are.
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/sweep_layout.h"
#include "fuzz/support/fuzz_target.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/record_framing.h"

namespace headway {
namespace {

/// All that the next step of a run depends on.
auto verdict(const TrialHistory& trial) {
  std::vector<std::pair<std::int64_t, std::string>> attempts;
  for (const auto& [number, attempt] : trial.attempts) attempts.emplace_back(number, attempt.state);
  return std::make_tuple(trial.state(),
                         trial.failures(),
                         trial.cancel_requested(),
                         trial.final_weights_sha256(),
                         attempts);
}

auto verdicts(const SweepLayout& sweep, const std::string& first, const std::string& second) {
  write_bytes(sweep.segments() / "a.jsonl", first);
  write_bytes(sweep.segments() / "b.jsonl", second);
  SweepState state(sweep.root());
  state.refresh();
  std::map<std::string, decltype(verdict({}))> result;
  for (const auto& [id, trial] : state.trials()) {
    if (trial.attempts.empty() && !trial.failed_attempts().empty()) {
      fail("failed attempts of a trial that was never tried");
    }
    result.emplace(id.text(), verdict(trial));
  }
  return result;
}

}  // namespace
}  // namespace headway

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  if (size == 0) return 0;
  static const TemporaryDirectory folder;
  const SweepLayout sweep(folder.path());
  std::filesystem::create_directories(sweep.segments());
  std::string_view text = as_text(data + 1, size - 1);
  std::string first;
  std::string second;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    first += data[0] == 'f' ? frame_record(line) : std::string(line) + "\n";
    std::swap(first, second);
  }
  is_taken([&] {
    if (verdicts(sweep, first, second) != verdicts(sweep, second, first)) {
      fail("what became of a trial depends on the order in which segments are read");
    }
  });
  return 0;
}
