// The input is a file of images, plain or gzip, and one of labels: its first two bytes say how long
// (little-endian) the first is.
#include "data/readers/idx.h"
#include "fuzz/support/counting_sink.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headway;
  if (size < 2) return 0;
  static const TemporaryDirectory folder;
  const std::string_view text = as_text(data + 2, size - 2);
  const std::size_t images = std::min<std::size_t>(data[0] + 256U * data[1], text.size());
  write_bytes(folder.path() / "images", text.substr(0, images));
  write_bytes(folder.path() / "labels", text.substr(images));
  const IdxShape shape{.classes = 3, .height = 4, .width = 4};
  CountingSink sink(16, shape.classes);
  is_taken([&] { read_idx_pair(folder.path() / "images", folder.path() / "labels", shape, sink); });
  return 0;
}
