#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/component_list.h"
#include "config/schema/catalog.h"

// The index of accumulators. One is a tag in the list below, plus
//   template <> AccumulatorSpec describe<Tag>()       in NAME_metrics.cpp, free of LibTorch
//   template <> std::unique_ptr<Accumulator> make<Tag>(const AccumulatorInputs&)   in NAME_sums.cpp
// A missing one of the two is a link error. Its statistics are a list in statistics/statistics.h.

namespace headway {

class Accumulator;
struct AccumulatorInputs;

/// What is known of an accumulator without LibTorch: which statistics, of which splits, when.
struct AccumulatorSpec {
  std::string name;
  std::string suite;  // how commands call the statistics that belong together: "geometry"
  std::string summary;
  std::vector<std::string> splits;  // of which a finished trial records it
  /// Whether a finished trial with this configuration records it; null: always.
  bool (*enabled)(const EvaluationConfig&) = nullptr;
  /// Its pass over a split needs what a first pass over the training images found.
  bool second_pass = false;
  std::vector<MetricSpec> metrics = {};  // all that it may record

  bool is_of(std::string_view split) const;
  /// Whether a finished trial with this configuration records it of `split`.
  bool recorded(const EvaluationConfig& config, std::string_view split) const;
};

namespace accumulators {

/// In the order in which their metrics are recorded.
using All = ComponentList<class Accuracy,
                          class Predictions,
                          class Geometry,
                          class NearestMean,
                          class Calibration>;

template <typename Tag>
AccumulatorSpec describe();

template <typename Tag>
std::unique_ptr<Accumulator> make(const AccumulatorInputs& inputs);

}  // namespace accumulators

/// Of all accumulators. Free of LibTorch.
const std::vector<AccumulatorSpec>& accumulator_specs();

/// The name of the accumulator that every evaluation runs.
inline constexpr std::string_view kAccuracy = "accuracy";

/// Before the names of the accuracies of the training images as they are: the plain names are those
/// of the batches as trained on.
inline constexpr std::string_view kUnaugmented = "unaugmented_";

}  // namespace headway
