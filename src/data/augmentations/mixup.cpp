#include "data/augmentations/mixup.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "config/rules/cell.h"
#include "data/augmentations/augmentation.h"
#include "data/shuffle.h"

namespace headway {
namespace {

/// The logarithm of a draw from Gamma(shape, 1), which for small shapes may lie below any double.
/// Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 2000; shapes
/// below 1 by Gamma(shape) = Gamma(shape + 1) U^(1 / shape).
double draw_log_gamma(RandomStream& stream, double shape) {
  if (shape < 1) {
    const double above = draw_log_gamma(stream, shape + 1);
    return above + std::log(1 - stream.uniform()) / shape;
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - stream.uniform()) < x * x / 2 + d * (1 - v + std::log(v))) {
      return std::log(d * v);
    }
  }
}

void check_partners(Cell& cell) {
  const TrainingConfig& training = cell.config().training;
  if (training.batch_size != training.shards) return;
  cell.flag("mixup_without_partners",
            "augmentation",
            fmt::format("mixup mixes within a shard, and a batch of {} in {} shards leaves one "
                        "image each",
                        training.batch_size,
                        training.shards));
}

class MixupStep final : public Augmentation {
 public:
  explicit MixupStep(double alpha) : alpha_(alpha) {}

  std::optional<Mixing> mixing(const SampleDraws& first, std::size_t count) const override {
    return draw_mixing(first.stream("mixup"), alpha_, count);
  }

 private:
  double alpha_;
};

}  // namespace

Mixing draw_mixing(RandomStream stream, double alpha, std::size_t count) {
  Mixing mixing;
  const double own = draw_log_gamma(stream, alpha);
  const double other = draw_log_gamma(stream, alpha);
  mixing.weight = 1 / (1 + std::exp(other - own));  // Beta as a share of two gammas
  mixing.partners.resize(count);
  std::iota(mixing.partners.begin(), mixing.partners.end(), 0);
  shuffle(mixing.partners, stream);
  return mixing;
}

template <>
ComponentSpec AugmentationComponent<Mixup>::spec() {
  return {
      .name = "mixup",
      .summary =
          "mix the images of a shard, and their losses, in pairs with weights lambda and 1 - "
          "lambda, after all other steps",
      .source = "Zhang et al., 'mixup', ICLR 2018",
      .options = {{.name = "alpha",
                   .type = OptionType::kNumber,
                   .default_value = 0.2,
                   .summary = "lambda is drawn from Beta(alpha, alpha), once per shard of a batch",
                   .limits = kPositive}},
      .rule = check_partners};
}

template <>
std::unique_ptr<Augmentation> AugmentationComponent<Mixup>::make(const Options& options) {
  return std::make_unique<MixupStep>(options.number("alpha"));
}

}  // namespace headway
