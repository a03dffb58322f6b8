#include "data/augmentations/augmentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/errors.h"
#include "base/nearest_name.h"
#include "config/rules/cell.h"
#include "config/schema/catalog_tables.h"

namespace headway {
namespace {

struct AugmentationEntry {
  std::string name;
  std::unique_ptr<Augmentation> (*make)(const Options&);
};

const std::vector<AugmentationEntry>& entries() {
  static const std::vector<AugmentationEntry> entries = Augmentations::collect([]<typename S>() {
    return AugmentationEntry{AugmentationComponent<S>::spec().name,
                             &AugmentationComponent<S>::make};
  });
  return entries;
}

std::unique_ptr<Augmentation> make(const AugmentationConfig& step) {
  std::vector<std::string> known;
  for (const auto& [name, make_step] : entries()) {
    if (name == step.name) return make_step(step.options);
    known.push_back(name);
  }
  throw ConfigError(
      fmt::format("augmentation: unknown name '{}'{}", step.name, suggestion(step.name, known)));
}

}  // namespace

void Augmentation::apply(SampleImage&, const SampleDraws&) const {}

std::optional<Mixing> Augmentation::mixing(const SampleDraws&, std::size_t) const {
  return std::nullopt;
}

std::vector<ComponentSpec> augmentation_table() {
  return Augmentations::collect([]<typename S>() { return AugmentationComponent<S>::spec(); });
}

std::vector<std::unique_ptr<Augmentation>> make_augmentations(
    const std::vector<AugmentationConfig>& steps) {
  std::set<std::string> seen;
  std::vector<std::unique_ptr<Augmentation>> made;
  for (const AugmentationConfig& step : steps) {
    if (!seen.insert(step.name).second) {
      throw ConfigError(fmt::format("augmentation: '{}' stands twice, expected once", step.name));
    }
    made.push_back(make(step));
  }
  return made;
}

const Options& augmentation_options(const Cell& cell, std::string_view name) {
  const auto& steps = cell.config().augmentation;
  const auto step = std::ranges::find(steps, name, &AugmentationConfig::name);
  expects(step != steps.end(), "a rule asks for a step that the cell does not have");
  return step->options;
}

}  // namespace headway
