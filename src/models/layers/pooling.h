#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace headway {

/// The size of an encoder's last feature map.
struct FeatureMapShape {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// From the last feature map F to the feature vector z. `global`: the mean over all positions.
/// `average4`: means over 4 x 4 windows, stride 4 (arXiv 2011.08704). `flatten`: F itself. The last
/// two lie in (channel, row, column) order.
class Pooling {
 public:
  /// ConfigError for an unknown name, and when average4 finds a map smaller than its window.
  Pooling(const std::string& name, const FeatureMapShape& shape);

  /// [B, C, H, W] -> [B, feature_size()]
  at::Tensor forward(const at::Tensor& feature_map) const;
  std::int64_t feature_size() const { return feature_size_; }

 private:
  enum class Kind { kGlobal, kAverage4, kFlatten };

  static Kind parse(const std::string& name);

  Kind kind_;
  std::int64_t feature_size_ = 0;
};

}  // namespace headway
