#include "models/graph/feature_pooling.h"

#include <fmt/format.h>

#include <vector>

#include "base/errors.h"
#include "base/nearest_name.h"

namespace headway {

FeaturePooling parse_feature_pooling(const std::string& name) {
  if (name == "global") return FeaturePooling::kGlobal;
  if (name == "average4") return FeaturePooling::kAverage4;
  if (name == "flatten") return FeaturePooling::kFlatten;
  const std::vector<std::string> known = {"average4", "flatten", "global"};
  throw ConfigError(
      fmt::format("encoder.pooling: unknown pooling '{}'{}", name, suggestion(name, known)));
}

std::int64_t pooled_size(FeaturePooling pooling, const FeatureMapShape& map) {
  if (pooling == FeaturePooling::kGlobal) return map.channels;
  if (pooling == FeaturePooling::kFlatten) return map.channels * map.height * map.width;
  if (map.height < kFeatureWindow || map.width < kFeatureWindow) {
    throw ConfigError(
        fmt::format("encoder.pooling: 'average4' needs a last feature map of at least {0} x {0}, "
                    "but it is {1} x {2}; take larger images or the pooling 'global'",
                    kFeatureWindow,
                    map.height,
                    map.width));
  }
  return map.channels * (map.height / kFeatureWindow) * (map.width / kFeatureWindow);
}

}  // namespace headway
