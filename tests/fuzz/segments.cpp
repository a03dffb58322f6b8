// The input is what two writers recorded: its lines go to the one and the other in turn, framed as
// records when the first byte is 'f', else as they are.
#include <utility>

#include "base/sweep_layout.h"
#include "fuzz/support/fuzz_target.h"
#include "store/manifest/sweep_state.h"
#include "store/segments/record_framing.h"

namespace headway {
namespace {

void ask_everything(const TrialHistory& trial) {
  to_string(trial.state());
  trial.failures();
  trial.cancel_requested();
  trial.final_weights_sha256();
  if (trial.last_attempt() == nullptr && !trial.failed_attempts().empty()) {
    fail("failed attempts of a trial that was never tried");
  }
}

std::unordered_map<TrialId, TrialHistory> read_both(const SweepLayout& sweep,
                                                    const std::string& first,
                                                    const std::string& second) {
  write_bytes(sweep.segments() / "a.jsonl", first);
  write_bytes(sweep.segments() / "b.jsonl", second);
  SweepState state(sweep.root());
  state.refresh();
  for (const auto& [id, trial] : state.trials()) ask_everything(trial);
  return state.trials();
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
    if (read_both(sweep, first, second) != read_both(sweep, second, first)) {
      fail("what became of a trial depends on the order in which segments are read");
    }
  });
  return 0;
}
