#include "config/schema/catalog.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

std::vector<ComponentSpec> sorted_by_name(std::vector<ComponentSpec> components) {
  std::ranges::sort(components, {}, &ComponentSpec::name);
  return components;
}

/// A family whose components say more about themselves than their options.
template <typename Spec>
class SpecTable {
 public:
  explicit SpecTable(std::vector<Spec> specs) : specs_(std::move(specs)) {}

  std::vector<ComponentSpec> components() const {
    std::vector<ComponentSpec> result;
    for (const Spec& spec : specs_) result.push_back(spec.component);
    return sorted_by_name(std::move(result));
  }
  const Spec& at(Family family, const std::string& name) const {
    const std::string& known = component(family, name).name;
    return *std::ranges::find(specs_, known, [](const Spec& spec) { return spec.component.name; });
  }

 private:
  std::vector<Spec> specs_;
};

const SpecTable<HeadSpec>& head_specs() {
  static const SpecTable<HeadSpec> table(head_table());
  return table;
}

const SpecTable<LossSpec>& loss_specs() {
  static const SpecTable<LossSpec> table(loss_table());
  return table;
}

const SpecTable<ClassVectorsSpec>& class_vectors_specs() {
  static const SpecTable<ClassVectorsSpec> table(class_vectors_table());
  return table;
}

std::vector<std::string> names_of(const std::vector<ComponentSpec>& components) {
  std::vector<std::string> names;
  for (const ComponentSpec& component : components) names.push_back(component.name);
  return names;
}

}  // namespace

bool ComponentSpec::has_option(std::string_view option) const {
  return std::ranges::find(options, option, &OptionSpec::name) != options.end();
}

const HeadSpec& head_spec(const std::string& name) {
  return head_specs().at(Family::kHead, name);
}

const LossSpec& loss_spec(const std::string& name) {
  return loss_specs().at(Family::kLoss, name);
}

const ClassVectorsSpec& class_vectors_spec(const std::string& name) {
  return class_vectors_specs().at(Family::kClassVectors, name);
}

const std::vector<ComponentSpec>& catalog(Family family) {
  static const std::vector<ComponentSpec> heads = head_specs().components();
  static const std::vector<ComponentSpec> losses = loss_specs().components();
  static const std::vector<ComponentSpec> class_vectors = class_vectors_specs().components();
  static const std::vector<ComponentSpec> encoders = sorted_by_name(encoder_table());
  static const std::vector<ComponentSpec> datasets = sorted_by_name(dataset_table());
  static const std::vector<ComponentSpec> optimizers = sorted_by_name(optimizer_table());
  static const std::vector<ComponentSpec> schedules = sorted_by_name(schedule_table());
  static const std::vector<ComponentSpec> augmentations = sorted_by_name(augmentation_table());
  static const std::vector<ComponentSpec> suites = sorted_by_name(suite_table());
  switch (family) {
    case Family::kHead:
      return heads;
    case Family::kLoss:
      return losses;
    case Family::kClassVectors:
      return class_vectors;
    case Family::kEncoder:
      return encoders;
    case Family::kDataset:
      return datasets;
    case Family::kOptimizer:
      return optimizers;
    case Family::kSchedule:
      return schedules;
    case Family::kAugmentation:
      return augmentations;
    case Family::kSuite:
      return suites;
  }
  throw std::logic_error("unknown family of components");
}

std::string family_label(Family family) {
  switch (family) {
    case Family::kHead:
      return "head";
    case Family::kLoss:
      return "loss";
    case Family::kClassVectors:
      return "class-vector distribution";
    case Family::kEncoder:
      return "encoder";
    case Family::kDataset:
      return "data set";
    case Family::kOptimizer:
      return "optimizer";
    case Family::kSchedule:
      return "schedule";
    case Family::kAugmentation:
      return "augmentation";
    case Family::kSuite:
      return "suite";
  }
  throw std::logic_error("unknown family of components");
}

const ComponentSpec* find_component(Family family, std::string_view name) {
  const std::vector<ComponentSpec>& components = catalog(family);
  const auto found = std::ranges::find(components, name, &ComponentSpec::name);
  return found == components.end() ? nullptr : &*found;
}

const ComponentSpec& component(Family family, const std::string& name) {
  if (const ComponentSpec* found = find_component(family, name)) return *found;
  throw ConfigError(fmt::format("unknown {} '{}'{}",
                                family_label(family),
                                name,
                                suggestion(name, names_of(catalog(family)))));
}

Options default_options(Family family, const std::string& name) {
  nlohmann::json values = nlohmann::json::object();
  for (const OptionSpec& option : component(family, name).options) {
    values[option.name] = option.default_value;
  }
  return Options(std::move(values));
}

const std::vector<MetricSpec>& metric_catalog() {
  static const std::vector<MetricSpec> metrics = [] {
    std::vector<MetricSpec> all = analysis_metric_table();
    for (MetricSpec& metric : training_metric_table()) all.push_back(std::move(metric));
    return all;
  }();
  return metrics;
}

std::string canonical_metric_name(const std::string& name) {
  for (const MetricSpec& metric : metric_catalog()) {
    if (std::ranges::find(metric.aliases, name) != metric.aliases.end()) return metric.name;
  }
  return name;
}

}  // namespace headway
