#include "data/augmentations/mixup.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/errors.h"
#include "data/shuffle.h"

namespace headway {
namespace {

/// The logarithm of a draw from Gamma(shape, 1), which for small shapes may lie below any double.
/// Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 2000; shapes
/// below 1 by Gamma(shape) = Gamma(shape + 1) U^(1 / shape).
double draw_log_gamma(RandomStream& stream, double shape) {
  if (shape < 1) {
    const double above = draw_log_gamma(stream, shape + 1);
    return above + std::log(1 - stream.uniform()) / shape;
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - stream.uniform()) < x * x / 2 + d * (1 - v + std::log(v))) {
      return std::log(d * v);
    }
  }
}

/// x <- weight x + rest y
void blend(std::span<float> x, std::span<const float> y, float weight, float rest) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = weight * x[i] + rest * y[i];
}

}  // namespace

Mixing draw_mixing(RandomStream stream, double alpha, std::size_t count) {
  Mixing mixing;
  const double own = draw_log_gamma(stream, alpha);
  const double other = draw_log_gamma(stream, alpha);
  mixing.weight = 1 / (1 + std::exp(other - own));  // Beta as a share of two gammas
  mixing.partners.resize(count);
  std::iota(mixing.partners.begin(), mixing.partners.end(), 0);
  shuffle(mixing.partners, stream);
  return mixing;
}

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
