#include "models/layers/pooling.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/mean.h>

#include <stdexcept>

namespace headway {

at::Tensor pool_features(const at::Tensor& feature_map, FeaturePooling pooling) {
  switch (pooling) {
    case FeaturePooling::kGlobal:
      return feature_map.mean({2, 3});
    case FeaturePooling::kAverage4:
      return at::avg_pool2d(feature_map, kFeatureWindow).contiguous().flatten(1);
    case FeaturePooling::kFlatten:
      return feature_map.contiguous().flatten(1);
  }
  throw std::logic_error("unknown pooling of features");
}

}  // namespace headway
