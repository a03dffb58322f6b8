#pragma once

#include <cstdint>
#include <string>

namespace headway {

/// From the last feature map F [C, H, W] to the feature vector, in (channel, row, column) order.
enum class FeaturePooling {
  kGlobal,    // "global": the mean over all positions, C numbers
  kAverage4,  // "average4": means over 4 x 4 windows, stride 4 (arXiv 2011.08704)
  kFlatten    // "flatten": F itself
};

/// The window of `average4`.
inline constexpr std::int64_t kFeatureWindow = 4;

struct FeatureMapShape {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// ConfigError with the nearest name when there is none.
FeaturePooling parse_feature_pooling(const std::string& name);

/// Length of the feature vector. ConfigError when the map is smaller than the window.
std::int64_t pooled_size(FeaturePooling pooling, const FeatureMapShape& map);

}  // namespace headway
