#pragma once

#include <string>
#include <vector>

#include "analysis/statistics/metric.h"
#include "config/schema/catalog.h"

// The index of all statistics. One is a tag in the list below of what it is computed from, plus
//   template <> MetricSpec describe<Tag>()               in FAMILY_metrics.cpp, free of LibTorch
//   template <> double compute<Tag>(const Input& input)  in FAMILY.cpp
// A missing one of the two is a link error. The name is written in describe() alone.

namespace headway {

class AccuracySums;
class CalibrationSums;
class ClassMoments;
class NcmSums;
class PredictionSums;
struct FeatureGeometry;
struct VectorMovement;

namespace statistics {

/// Name, definition and source. Free of LibTorch.
template <typename Statistic>
MetricSpec describe();

template <typename Statistic>
std::string name() {
  return describe<Statistic>().name;
}

/// The value; throws Undefined where there is none.
template <typename Statistic, typename Input>
double compute(const Input& input);

/// Statistics that are computed from one `Input`, in the order in which they are recorded.
template <typename Input, typename... Statistics>
struct StatisticList {
  static std::vector<MetricSpec> describe() { return {statistics::describe<Statistics>()...}; }

  static Metrics compute(const Input& input) {
    return {measure(name<Statistics>(), [&] { return statistics::compute<Statistics>(input); })...};
  }
  /// All of them missing.
  static Metrics missing(const std::string& reason) {
    return {headway::missing(name<Statistics>(), reason)...};
  }
};

using AccuracyStatistics =
    StatisticList<AccuracySums, class TrialLoss, class Top1Accuracy, class Top5Accuracy>;

/// Recorded besides when the trial's loss is another one.
using CrossEntropyStatistics = StatisticList<AccuracySums, class MeanCrossEntropy>;

using PredictionStatistics = StatisticList<PredictionSums,
                                           class FeatureNormMeanCorrect,
                                           class FeatureNormStdCorrect,
                                           class MaxCosineMeanCorrect,
                                           class MaxCosineStdCorrect,
                                           class FeatureNormMeanWrong,
                                           class FeatureNormStdWrong,
                                           class MaxCosineMeanWrong,
                                           class MaxCosineStdWrong,
                                           class OwnCosineMean,
                                           class LogitMarginMean>;

using CalibrationStatistics =
    StatisticList<CalibrationSums, class Ece, class Mce, class Nll, class Brier>;

using NcmStatistics = StatisticList<NcmSums, class Nc4NcmAgreement, class NcmAccuracy>;

using FeatureStatistics = StatisticList<FeatureGeometry,
                                        // variability.cpp
                                        class Nc1Pinv,
                                        class Nc1Quotient,
                                        class Nc1Cdnv,
                                        class BetweenVarianceFraction,
                                        // simplex.cpp
                                        class Nc2EquinormMeans,
                                        class Nc2EquiangularMeans,
                                        class Nc2CosineMeanMeans,
                                        class Nc2CosineStdMeans,
                                        class Nc2EtfErrorMeans,
                                        // self_duality.cpp
                                        class Nc3SelfDuality,
                                        class Nc3SelfDualityEtf,
                                        class Nc3CosineMean,
                                        class Nc3CosineStd,
                                        class Nc3BiasNorm,
                                        // sample_cosines.cpp
                                        class IntraClassCompactness,
                                        class IntraClassPairwiseCosine,
                                        class InterClassPairwiseCosine,
                                        class CosineGap,
                                        class InterClassCosineMean,
                                        class InterClassCosineMax,
                                        class InterClassSeparability,
                                        class SampleAlignment,
                                        // variability.cpp
                                        class EffectiveRank,
                                        class ParticipationRatio,
                                        // hypersphere.cpp
                                        class UniformityClassMeans,
                                        class EnergyS0ClassMeans,
                                        class EnergyS1ClassMeans,
                                        class EnergyS2ClassMeans>;

/// Of the class vectors alone.
using VectorStatistics = StatisticList<VectorMovement,
                                       // simplex.cpp
                                       class Nc2EquinormVectors,
                                       class Nc2EquiangularVectors,
                                       class Nc2CosineMeanVectors,
                                       class Nc2CosineStdVectors,
                                       class Nc2EtfErrorVectors,
                                       // class_vectors.cpp
                                       class ClassVectorCosineMax,
                                       class ClassVectorCosineMin,
                                       class ClassVectorCosineMean,
                                       class ClassVectorCosineMeanAbs,
                                       class ClassVectorNormMean,
                                       class ClassVectorMovementDegreesMean,
                                       class ClassVectorMovementDegreesMax,
                                       // hypersphere.cpp
                                       class UniformityClassVectors,
                                       class EnergyS0ClassVectors,
                                       class EnergyS1ClassVectors,
                                       class EnergyS2ClassVectors>;

/// How many classes have samples, and so how many the statistics of features are over.
using PresenceStatistics = StatisticList<ClassMoments, class PresentClasses>;

}  // namespace statistics
}  // namespace headway
