#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headway {

/// How the images of one shard are mixed: image i becomes weight x_i + (1 - weight) x_partners[i],
/// and the loss is mixed likewise (Zhang et al., "mixup", ICLR 2018).
struct Mixing {
  double weight = 1;                   // lambda, one for the whole shard
  std::vector<std::int64_t> partners;  // a permutation of the shard's places 0 .. B-1
};

/// In place; `images` holds partners.size() images of equal size, one after the other.
void mix_images(const Mixing& mixing, std::span<float> images);

}  // namespace headway
