#pragma once

#include <string>

#include "base/component_list.h"
#include "config/schema/catalog.h"
#include "training/sink.h"

// The index of suites: what `headway evaluate` can measure of finished trials. One is a tag in the
// list below, plus
//   template <> ComponentSpec describe<Tag>()              in NAME_spec.cpp, free of LibTorch
//   template <> SplitMetrics evaluate<Tag>(FinishedTrial&) in NAME.cpp
// A missing one of the two is a link error.

namespace headway {

class FinishedTrial;

namespace suites {

using All = ComponentList<class Calibration, class Geometry>;

template <typename Tag>
ComponentSpec describe();

/// Final values by split, as training would have recorded them. Depends on the trial alone.
/// Collective. Passes on EvaluationStopped of the trial's evaluator.
template <typename Tag>
SplitMetrics evaluate(FinishedTrial& trial);

}  // namespace suites

/// Whether training with this configuration records what the suite finds anyway.
bool is_recorded_by_training(const std::string& suite, const EvaluationConfig& config);

/// What the suite called `name` finds. ConfigError with the nearest name when there is none.
/// Collective.
SplitMetrics evaluate_suite(const std::string& name, FinishedTrial& trial);

}  // namespace headway
