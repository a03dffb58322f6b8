#include "runner/cli/catalog_kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "base/errors.h"
#include "base/nearest_name.h"

namespace headway {

OptionTypeNames names_of(OptionType type) {
  switch (type) {
    case OptionType::kNumber:
      return {"number", "number"};
    case OptionType::kInteger:
      return {"integer", "integer"};
    case OptionType::kFlag:
      return {"flag", "true or false"};
    case OptionType::kText:
      return {"text", "text"};
    case OptionType::kNumberList:
      return {"number_list", "list of numbers"};
  }
  throw std::logic_error("unknown type of option");
}

const std::vector<CatalogKind>& catalog_kinds() {
  static const std::vector<CatalogKind> kinds{
      {"heads", "head.name", Family::kHead},
      {"losses", "loss.name", Family::kLoss},
      {"class-vectors", "class_vectors.distribution", Family::kClassVectors},
      {"encoders", "encoder.name", Family::kEncoder},
      {"datasets", "dataset.name", Family::kDataset},
      {"optimizers", "optimizer.name", Family::kOptimizer},
      {"schedules", "schedule.name", Family::kSchedule},
      {"augmentations", "augmentation", Family::kAugmentation},
      {"suites", "", Family::kSuite},
      {"metrics", "", std::nullopt},
  };
  return kinds;
}

const CatalogKind& catalog_kind(const std::string& name) {
  std::vector<std::string> known;
  for (const CatalogKind& kind : catalog_kinds()) {
    if (kind.name == name) return kind;
    known.push_back(kind.name);
  }
  throw ConfigError(fmt::format("unknown kind '{}'{}", name, suggestion(name, known)));
}

std::vector<std::string> entry_names(const CatalogKind& kind) {
  std::vector<std::string> names;
  if (kind.family) {
    for (const ComponentSpec& entry : catalog(*kind.family)) names.push_back(entry.name);
  } else {
    for (const MetricSpec& metric : metric_catalog()) names.push_back(metric.name);
  }
  return names;
}

std::string describe_range(const OptionSpec& option) {
  if (option.limits.has_choices()) {
    return fmt::format("one of {}", fmt::join(choices_of(option.limits), ", "));
  }
  return expectation(names_of(option.type).text, option.limits);
}

}  // namespace headway
