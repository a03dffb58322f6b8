#include "analysis/accumulators/accumulators.h"
#include "analysis/statistics/statistics.h"

namespace headway {
namespace {

constexpr const char* kPapyan = "Papyan, Han and Donoho, PNAS 2020";

}  // namespace

namespace statistics {

template <>
MetricSpec describe<Nc4NcmAgreement>() {
  return {.name = "nc4_ncm_agreement",
          .summary = "share of samples whose prediction is the nearest training class mean",
          .source = kPapyan,
          .aliases = {"nc4"},
          .higher_is_better = true};
}

template <>
MetricSpec describe<NcmAccuracy>() {
  return {.name = "ncm_accuracy",
          .summary = "accuracy of the nearest training class mean (Euclidean)",
          .source = kPapyan,
          .higher_is_better = true};
}

}  // namespace statistics

namespace accumulators {

template <>
AccumulatorSpec describe<NearestMean>() {
  return {.name = "nearest_mean",
          .suite = "geometry",
          .summary = "agreement with the nearest class mean of the training images",
          .splits = {"train", "test"},
          .enabled = [](const EvaluationConfig& config) { return config.geometry; },
          .second_pass = true,
          .metrics = statistics::NcmStatistics::describe()};
}

}  // namespace accumulators
}  // namespace headway
