// The input is a trials.jsonl, a line "---", and a plan.json.
#include "base/sweep_layout.h"
#include "config/schema/ids.h"
#include "fuzz/support/fuzz_target.h"
#include "store/manifest/sweep_manifest.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  static const TemporaryDirectory folder;
  const SweepLayout sweep(folder.path());
  const std::string_view text = as_text(data, size);
  const std::size_t end = text.find("---\n");
  write_bytes(sweep.trials_file(), text.substr(0, end));
  write_bytes(sweep.settings_file(),
              end == std::string_view::npos ? std::string_view() : text.substr(end + 4));
  SweepManifest manifest;
  if (!is_taken([&] { manifest = read_manifest(folder.path()); })) return 0;
  for (const PlannedTrial& trial : manifest.trials) {
    is_taken([&] {
      if (trial_id(trial.config()) != trial.trial_id) fail("a configuration of another trial");
    });
  }
  return 0;
}
