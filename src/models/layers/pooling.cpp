#include "models/layers/pooling.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/mean.h>
#include <fmt/format.h>

#include <vector>

#include "base/errors.h"
#include "base/nearest_name.h"

namespace headway {
namespace {

constexpr std::int64_t kWindow = 4;

}  // namespace

Pooling::Kind Pooling::parse(const std::string& name) {
  if (name == "global") return Kind::kGlobal;
  if (name == "average4") return Kind::kAverage4;
  if (name == "flatten") return Kind::kFlatten;
  const std::vector<std::string> known = {"average4", "flatten", "global"};
  throw ConfigError(
      fmt::format("encoder.pooling: unknown pooling '{}'{}", name, suggestion(name, known)));
}

Pooling::Pooling(const std::string& name, const FeatureMapShape& shape) : kind_(parse(name)) {
  switch (kind_) {
    case Kind::kGlobal:
      feature_size_ = shape.channels;
      break;
    case Kind::kAverage4:
      feature_size_ = shape.channels * (shape.height / kWindow) * (shape.width / kWindow);
      break;
    case Kind::kFlatten:
      feature_size_ = shape.channels * shape.height * shape.width;
      break;
  }
  if (feature_size_ > 0) return;
  throw ConfigError(
      fmt::format("encoder.pooling: '{}' needs a last feature map of at least {} x {}, but it is "
                  "{} x {}; take larger images or the pooling 'global'",
                  name,
                  kind_ == Kind::kAverage4 ? kWindow : 1,
                  kind_ == Kind::kAverage4 ? kWindow : 1,
                  shape.height,
                  shape.width));
}

at::Tensor Pooling::forward(const at::Tensor& feature_map) const {
  switch (kind_) {
    case Kind::kGlobal:
      return feature_map.mean({2, 3});
    case Kind::kAverage4:
      return at::avg_pool2d(feature_map, kWindow).contiguous().flatten(1);
    case Kind::kFlatten:
      return feature_map.contiguous().flatten(1);
  }
  throw std::logic_error("Pooling: unknown kind");
}

}  // namespace headway
