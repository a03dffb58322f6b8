#include "scheduling/cost_model.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "base/errors.h"
#include "config/catalog.h"

namespace headway {
namespace {

constexpr double kFlopsPerMultiplyAdd = 2;
constexpr double kPassesPerTrainedImage = 3;  // forward, and backward by weights and by inputs

double evaluation_count(const TrialConfig& config) {
  const std::int64_t every = std::max<std::int64_t>(config.evaluation.every, 1);
  const std::int64_t evaluations = (config.training.epochs + every - 1) / every;
  return static_cast<double>(evaluations);
}

// A forward pass per evaluated image; three per trained one.
double trial_flops(const TrialConfig& config) {
  const DatasetShape data = dataset_shape(config.dataset);
  const EncoderShape encoder = encoder_shape(config.encoder, data);
  const double head = static_cast<double>(encoder.feature_size * data.classes);
  const double forward = kFlopsPerMultiplyAdd * (encoder.multiply_adds + head);

  std::int64_t drawn = data.train_count;
  if (config.dataset.samples_per_class) {
    drawn = std::min(drawn, *config.dataset.samples_per_class * data.classes);
  }
  const double validation = static_cast<double>(drawn) * config.dataset.validation_fraction;
  const double train = static_cast<double>(drawn) - validation;
  const double test = static_cast<double>(data.test_count);

  const double trained = train * static_cast<double>(config.training.epochs);
  const double evaluated = evaluation_count(config) * (validation > 0 ? validation : test) + test +
                           (config.evaluation.geometry ? train : 0);
  return forward * (kPassesPerTrainedImage * trained + evaluated);
}

}  // namespace

TrialCost trial_cost(const TrialConfig& config) {
  return {.flops = trial_flops(config),
          .shards = config.training.shards,
          .speed_class = config.encoder.name + " " + config.training.precision};
}

const TrialCost& CostTable::at(const std::string& cell_id,
                               const std::function<TrialConfig()>& config) {
  const auto found = costs_.find(cell_id);
  return found != costs_.end() ? found->second
                               : costs_.emplace(cell_id, trial_cost(config())).first->second;
}

void CostModel::observe(const TrialCost& cost, double duration_seconds, int slots) {
  if (duration_seconds <= 0) return;
  for (Work* sum : {&all_, &by_class_[cost.speed_class]}) {
    sum->flops += cost.flops;
    sum->seconds += duration_seconds * slots;
  }
}

double CostModel::speed(const std::string& speed_class) const {
  const auto found = by_class_.find(speed_class);
  const Work& work = found != by_class_.end() ? found->second : all_;
  return work.seconds > 0 ? work.flops / work.seconds : default_speed_;
}

double CostModel::predicted_seconds(const TrialCost& cost, int slots) const {
  expects(slots >= 1, "a trial runs on at least one slot");
  return cost.flops / (speed(cost.speed_class) * slots);
}

double predicted_makespan_seconds(std::vector<double> trial_seconds, int slots) {
  expects(slots >= 1, "trials run on at least one slot");
  std::sort(trial_seconds.begin(), trial_seconds.end(), std::greater<>());
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  for (int slot = 0; slot < slots; ++slot) free_at.push(0);
  double end = 0;
  for (const double seconds : trial_seconds) {
    const double finished = free_at.top() + seconds;
    free_at.pop();
    free_at.push(finished);
    end = std::max(end, finished);
  }
  return end;
}

}  // namespace headway
