// Each line of the input is an argument of the command line that changes a small sweep.
#include "config/sweep/sweep.h"
#include "fuzz/support/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  static const TemporaryDirectory folder;
  const auto file = folder.path() / "sweep.yaml";
  if (!std::filesystem::exists(file)) {
    write_bytes(file,
                "name: small\n"
                "trial: {dataset: {name: fashion_mnist}, head: {name: cosine}}\n"
                "sweep: {seeds: 2, grid: {optimizer.learning_rate: [0.1, 0.01]}}\n");
  }
  std::string_view text = as_text(data, size);
  std::vector<std::string> arguments;
  while (!text.empty()) arguments.emplace_back(take_line(text));
  is_taken([&] { load_sweep(file, arguments); });
  return 0;
}
