#pragma once

#include <cstdint>
#include <stdexcept>

#include "base/errors.h"
#include "config/schema/catalog.h"

namespace headway {

/// The side of the smallest square images, of at least `least`, that the encoder takes.
inline std::int64_t smallest_side(const EncoderConfig& encoder, std::int64_t least = 1) {
  constexpr std::int64_t kLargest = 256;
  for (std::int64_t side = least; side <= kLargest; ++side) {
    try {
      summarise_encoder(encoder, {1, side, side});
      return side;
    } catch (const ConfigError&) {
      continue;
    }
  }
  throw std::logic_error("encoder '" + encoder.name + "' takes no images of up to 256 x 256");
}

}  // namespace headway
