#include "data/augmentations/mixing.h"

#include <algorithm>

#include "base/errors.h"

namespace headway {
namespace {

/// x <- weight x + rest y
void blend(std::span<float> x, std::span<const float> y, float weight, float rest) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = weight * x[i] + rest * y[i];
}

}  // namespace

// Cycle by cycle of the permutation: an image is overwritten once the image before it has taken
// what it needs. The last of a cycle needs the first as it was.
void mix_images(const Mixing& mixing, std::span<float> images) {
  const std::size_t count = mixing.partners.size();
  if (count == 0) return;
  expects(images.size() % count == 0, "mixup: images of unequal size");
  const std::size_t size = images.size() / count;
  const auto weight = static_cast<float>(mixing.weight);
  const auto rest = static_cast<float>(1 - mixing.weight);
  const auto image = [&](std::size_t place) { return images.subspan(place * size, size); };
  std::vector<float> first(size);
  std::vector<bool> mixed(count);
  for (std::size_t start = 0; start < count; ++start) {
    if (mixed[start]) continue;
    std::ranges::copy(image(start), first.begin());
    std::size_t place = start;
    for (bool closed = false; !closed;) {
      const auto partner = static_cast<std::size_t>(mixing.partners[place]);
      closed = partner == start;
      if (partner != place) blend(image(place), closed ? first : image(partner), weight, rest);
      mixed[place] = true;
      place = partner;
    }
  }
}

}  // namespace headway
