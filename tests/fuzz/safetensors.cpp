// The input is a safetensors file, as weights, checkpoints and features are.
#include "base/safetensors.h"

#include "fuzz/support/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  static const TemporaryDirectory folder;
  const auto file = folder.path() / "weights.safetensors";
  write_bytes(file, as_text(data, size));
  is_taken([&] {
    const SafetensorsFile tensors(file);
    for (const NamedTensor& tensor : tensors.tensors()) {
      std::uint64_t sum = 0;
      for (const std::byte byte : tensor.bytes) sum += static_cast<std::uint64_t>(byte);
      if (sum > 255 * size) fail("a tensor has bytes beyond its file");
      if (tensors.at(tensor.name).bytes.data() != tensor.bytes.data())
        fail("two tensors, one name");
    }
  });
  return 0;
}
