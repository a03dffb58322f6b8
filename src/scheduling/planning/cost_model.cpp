#include "scheduling/planning/cost_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "base/errors.h"
#include "config/schema/catalog.h"
#include "config/schema/split_sizes.h"

namespace headway {
namespace {

constexpr double kFlopsPerMultiplyAdd = 2;
constexpr double kPassesPerTrainedImage = 3;  // forward, and backward by weights and by inputs
// Layers of so many channels reach half of the speed of wide ones: measured on a CPU core with both
// encoders at 4 to 64 channels, the speed goes with w^2 / (w^2 + 9^2) within 30 %.
constexpr double kHalfSpeedWidth = 9;
// The first steps allocate memory and choose kernels.
constexpr std::int64_t kStepsBeforeSpeedCounts = 5;
constexpr double kLeastEfficiency = 0.05;
// Between a nanosecond and some 30,000 years; sums and ratios of these stay finite.
constexpr double kLeastSeconds = 1e-9;
constexpr double kMostSeconds = 1e12;

double assumed_speed(std::int64_t width) {
  const double squared = static_cast<double>(width) * static_cast<double>(width);
  return CostModel::kAssumedFlopsPerSecond * squared /
         (squared + kHalfSpeedWidth * kHalfSpeedWidth);
}

double evaluation_count(const TrialConfig& config) {
  const std::int64_t every = std::max<std::int64_t>(config.evaluation.every, 1);
  const std::int64_t evaluations = (config.training.epochs + every - 1) / every;
  return static_cast<double>(evaluations);
}

double steps_left(const Progress& progress) {
  if (progress.total_steps <= 0) return 1;
  const auto done = static_cast<double>(progress.step) / static_cast<double>(progress.total_steps);
  return std::clamp(1 - done, 0.0, 1.0);
}

/// Whether a trial can have taken so long, whatever a record or a heartbeat says.
bool is_duration(double seconds) {
  return seconds >= kLeastSeconds && seconds <= kMostSeconds;  // false of what is no number
}

/// Seconds of the whole trial by the speed that it shows; nothing before it has shown one. Counts
/// the steps that there are: a data set may be smaller than its catalog entry says.
std::optional<double> shown_seconds(const TrialCost& cost, const Progress& progress) {
  if (progress.images_per_second <= 0 || progress.step < kStepsBeforeSpeedCounts) return {};
  if (cost.train_flops <= 0) return {};  // of no epochs
  const double images =
      static_cast<double>(progress.total_steps) * static_cast<double>(cost.batch_size);
  const double seconds = images / progress.images_per_second * cost.flops / cost.train_flops;
  return is_duration(seconds) ? std::optional(seconds) : std::nullopt;
}

}  // namespace

TrialCost trial_cost(const TrialConfig& config) {
  const DatasetDescription data = describe_dataset(config.dataset);
  const EncoderSummary encoder = summarise_encoder(config.encoder, data.image);
  const double head = static_cast<double>(encoder.feature_size * data.classes);
  const double forward = kFlopsPerMultiplyAdd * (encoder.multiply_adds + head);
  const SplitSizes sizes = split_sizes(config.dataset, data);
  const auto train = static_cast<double>(sizes.train);
  const auto test = static_cast<double>(sizes.test);
  const auto validation = static_cast<double>(sizes.validation);
  const auto width = static_cast<std::uint64_t>(encoder.stem_channels);

  TrialCost cost;
  cost.train_flops =
      kPassesPerTrainedImage * forward * train * static_cast<double>(config.training.epochs);
  // Statistics of the finished model, which has met the test images in the last epoch's evaluation;
  // the feature geometry passes over all images once more.
  const double again = config.evaluation.geometry ? 1 : 0;
  cost.final_flops = forward * (train + again * (train + test));
  cost.flops = cost.train_flops + forward * evaluation_count(config) * (validation + test) +
               cost.final_flops;
  cost.batch_size = config.training.batch_size;
  cost.ranks = rank_range(config.training);
  cost.assumed_speed = assumed_speed(encoder.stem_channels);
  cost.speed_family = config.encoder.name + " " + config.training.precision;
  cost.speed_class = fmt::format("{} width {}", cost.speed_family, std::bit_floor(width));
  return cost;
}

const TrialCost& CostTable::at(const std::string& cell_id,
                               const std::function<TrialConfig()>& config) {
  const auto found = costs_.find(cell_id);
  return found != costs_.end() ? found->second
                               : costs_.emplace(cell_id, trial_cost(config())).first->second;
}

void CostModel::observe(const TrialCost& cost, double duration_seconds, int ranks) {
  if (!is_duration(duration_seconds)) return;
  add(cost, ranks, {cost.flops / cost.assumed_speed, duration_seconds * ranks});
}

void CostModel::observe_running(const TrialCost& cost, const Progress& progress, int ranks) {
  const auto seconds = shown_seconds(cost, progress);
  const double done = 1 - steps_left(progress);
  if (seconds) add(cost, ranks, {done * cost.flops / cost.assumed_speed, done * *seconds * ranks});
}

void CostModel::add(const TrialCost& cost, int ranks, const Work& work) {
  if (work.measured <= 0 || work.assumed <= 0) return;
  for (const std::string& key : {cost.speed_class, cost.speed_family, std::string()}) {
    Work& sum = measured_[key][ranks];
    sum.assumed += work.assumed;
    sum.measured += work.measured;
  }
}

const CostModel::WorkByRanks* CostModel::find(const std::string& key) const {
  const auto found = measured_.find(key);
  return found == measured_.end() ? nullptr : &found->second;
}

double CostModel::efficiency(const TrialCost& cost, int ranks) const {
  if (ranks == 1) return 1;
  for (const std::string& key : {cost.speed_class, cost.speed_family}) {
    const WorkByRanks* const works = find(key);
    if (works == nullptr || !works->contains(1) || !works->contains(ranks)) continue;
    return std::clamp(works->at(1).slowness() / works->at(ranks).slowness(), kLeastEfficiency, 1.0);
  }
  return std::pow(kAssumedEfficiency, std::log2(ranks));
}

/// Rank-seconds as a multiple of the assumed ones. The nearest kin that was measured counts: at
/// this width of group, else at the narrowest one.
double CostModel::slowness(const TrialCost& cost, int ranks) const {
  for (const std::string& key : {cost.speed_class, cost.speed_family, std::string()}) {
    const WorkByRanks* const works = find(key);
    if (works == nullptr) continue;
    const auto same = works->find(ranks);
    if (same != works->end() && !key.empty()) return same->second.slowness();
    const auto& [measured_ranks, work] = *works->begin();
    return work.slowness() * efficiency(cost, measured_ranks) / efficiency(cost, ranks);
  }
  return 1 / efficiency(cost, ranks);
}

double CostModel::predicted_seconds(const TrialCost& cost, int ranks) const {
  expects(ranks >= 1, "a trial runs on at least one rank");
  return cost.flops / cost.assumed_speed * slowness(cost, ranks) / ranks;
}

SecondsByWidth CostModel::seconds_by_width(const TrialCost& cost, int slots) const {
  SecondsByWidth by_width{.fewest_ranks = cost.ranks.fewest, .seconds = {}};
  for (int ranks = cost.ranks.fewest; ranks <= cost.ranks.at_most(slots); ranks *= 2) {
    by_width.seconds.push_back(predicted_seconds(cost, ranks));
  }
  return by_width;
}

double CostModel::remaining_seconds(const TrialCost& cost,
                                    const Progress& progress,
                                    int ranks) const {
  const double left = (cost.flops - cost.final_flops) * steps_left(progress) + cost.final_flops;
  const auto shown = shown_seconds(cost, progress);
  return shown.value_or(predicted_seconds(cost, ranks)) * left / cost.flops;
}

}  // namespace headway
