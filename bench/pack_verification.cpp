// What it costs to verify a data set's pack at each open: Fashion-MNIST's 55 MB with and without
// its checksum, against adding up the same bytes as 64-bit words, which is how fast memory is read.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/time.h"
#include "data/dataset.h"

namespace {

constexpr int kTimes = 15;

template <typename Action>
double median_milliseconds(const Action& action) {
  std::vector<double> times;
  for (int i = 0; i < kTimes; ++i) {
    const double start = headway::monotonic_seconds();
    action();
    times.push_back(1000 * (headway::monotonic_seconds() - start));
  }
  std::nth_element(times.begin(), times.begin() + kTimes / 2, times.end());
  return times[kTimes / 2];
}

std::uint64_t sum_of_words(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + sizeof(sum) <= bytes.size(); i += sizeof(sum)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof(word));
    sum += word;
  }
  return sum;
}

}  // namespace

int main() {
  headway::DatasetConfig config;
  config.name = "fashion_mnist";
  const auto kept = headway::load_dataset(config);
  const auto open = [&](headway::PackCheck check) {
    return median_milliseconds([&] { headway::load_dataset(config, check); });
  };
  const double verified = open(headway::PackCheck::kEveryByte);
  const double trusted = open(headway::PackCheck::kHeader);
  volatile std::uint64_t sum = 0;
  const double read = median_milliseconds(
      [&] { sum = sum_of_words(kept->train().images) + sum_of_words(kept->test().images); });
  const double megabytes =
      static_cast<double>(kept->train().images.size() + kept->test().images.size()) / 1e6;
  fmt::print(
      "{:.1f} MB: opened and verified in {:.1f} ms ({:.1f} GB/s), opened alone {:.2f} ms; "
      "added up in {:.1f} ms\n",
      megabytes,
      verified,
      megabytes / verified,
      trusted,
      read);
}
