#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/philox.h"

namespace headway {

/// A uniformly random order, a pure function of the stream's name (Fisher-Yates).
template <typename T>
void shuffle(std::vector<T>& values, RandomStream& stream) {
  for (std::size_t left = values.size(); left > 1; --left) {
    std::swap(values[left - 1], values[stream.below(left)]);
  }
}

}  // namespace headway
