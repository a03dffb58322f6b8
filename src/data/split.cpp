#include "data/split.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/philox.h"
#include "config/schema/split_sizes.h"
#include "data/shuffle.h"

namespace headway {
namespace {

std::vector<std::vector<std::int32_t>> indices_by_class(std::span<const std::int32_t> labels,
                                                        std::int64_t classes) {
  std::vector<std::vector<std::int32_t>> result(static_cast<std::size_t>(classes));
  for (std::size_t index = 0; index < labels.size(); ++index) {
    expects(labels[index] >= 0 && labels[index] < classes, "a label lies outside 0..K-1");
    result[static_cast<std::size_t>(labels[index])].push_back(static_cast<std::int32_t>(index));
  }
  return result;
}

void check_config(const DatasetConfig& config) {
  const double fraction = config.validation_fraction;
  if (!(fraction >= 0 && fraction < 1)) {
    throw ConfigError(
        fmt::format("dataset.validation_fraction: found {}, expected 0 <= f < 1", fraction));
  }
  const std::int64_t kept = config.samples_per_class.value_or(1);
  if (kept < 1) {
    throw ConfigError(
        fmt::format("dataset.samples_per_class: found {}, expected at least 1", kept));
  }
}

void cut_to(std::vector<std::int32_t>& samples, std::int64_t kept, std::size_t label) {
  if (static_cast<std::size_t>(kept) > samples.size()) {
    throw ConfigError(fmt::format(
        "dataset.samples_per_class: found {}, expected at most {}, all that class {} has",
        kept,
        samples.size(),
        label));
  }
  samples.resize(static_cast<std::size_t>(kept));
}

std::int64_t validation_count(std::size_t samples, double fraction, std::size_t label) {
  if (fraction > 0 && samples < 2) {
    throw ConfigError(fmt::format(
        "dataset.validation_fraction: class {} has {} training samples, expected at least 2 to "
        "take some for validation",
        label,
        samples));
  }
  return held_out_samples(static_cast<std::int64_t>(samples), fraction);
}

}  // namespace

Split make_split(std::span<const std::int32_t> labels,
                 std::int64_t classes,
                 const DatasetConfig& config) {
  check_config(config);
  Split split;
  auto by_class = indices_by_class(labels, classes);
  for (std::size_t label = 0; label < by_class.size(); ++label) {
    std::vector<std::int32_t>& samples = by_class[label];
    RandomStream stream(static_cast<std::uint64_t>(config.split_seed), "split", label);
    shuffle(samples, stream);
    if (config.samples_per_class) cut_to(samples, *config.samples_per_class, label);
    const auto border =
        samples.begin() + validation_count(samples.size(), config.validation_fraction, label);
    split.validation.insert(split.validation.end(), samples.begin(), border);
    split.train.insert(split.train.end(), border, samples.end());
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

std::vector<std::int32_t> epoch_order(std::span<const std::int32_t> train,
                                      std::int64_t seed,
                                      std::int64_t epoch) {
  std::vector<std::int32_t> order(train.begin(), train.end());
  RandomStream stream(static_cast<std::uint64_t>(seed), "order", static_cast<std::uint64_t>(epoch));
  shuffle(order, stream);
  return order;
}

}  // namespace headway
