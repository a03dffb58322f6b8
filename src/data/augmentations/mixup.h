#pragma once

#include <cstddef>

#include "base/philox.h"
#include "data/augmentations/mixing.h"

namespace headway {

/// weight ~ Beta(alpha, alpha) and a uniformly random permutation of `count` places.
Mixing draw_mixing(RandomStream stream, double alpha, std::size_t count);

}  // namespace headway
