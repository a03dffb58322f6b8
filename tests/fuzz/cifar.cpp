// The input is one file of CIFAR records, plain or gzip.
#include "data/readers/cifar.h"
#include "fuzz/support/counting_sink.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  static const TemporaryDirectory folder;
  const auto file = folder.path() / "batch.bin";
  write_bytes(file, as_text(data, size));
  const CifarFormat format{.labels = {{"coarse label", 20}, {"label", 2}}, .used = 1};
  CountingSink sink(32 * 32 * 3, 2);
  is_taken([&] { read_cifar({file}, format, sink); });
  return 0;
}
