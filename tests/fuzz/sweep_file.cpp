// The input is a sweep file.
#include "config/schema/ids.h"
#include "config/sweep/sweep.h"
#include "config/yaml/trial_reader.h"
#include "fuzz/support/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  static const TemporaryDirectory folder;
  const auto file = folder.path() / "sweep.yaml";
  write_bytes(file, as_text(data, size));
  is_taken([&] {
    for (const Trial& trial : load_sweep(file).trials) {
      const TrialConfig again = trial_config_from_json(to_canonical_json(trial.config));
      if (trial_id(again) != trial.trial_id) fail("a configuration reads back as another trial");
    }
  });
  is_taken([&] { load_single_trial(file); });
  return 0;
}
