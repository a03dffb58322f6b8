#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/where.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cmath>

#include "models/heads/class_vector_parameters.h"
#include "models/heads/head.h"

namespace headway {
namespace {

constexpr double kSmallestSquaredSine = 1e-12;
constexpr double kSmallestSineInRatio = 1e-4;

/// logits = s cos(theta_k), with theta_k the angle between feature and class vector. With labels,
/// that of the right class becomes s cos(theta_y + m) where theta_y <= pi - m, and
/// s (cos(theta_y) - m sin m) beyond, which goes on falling. Easy margin: s cos(theta_y + m) where
/// cos(theta_y) > 0, else s cos(theta_y). Deng et al., "ArcFace", CVPR 2019;
/// github.com/deepinsight/insightface.
class ArcfaceHead : public Head {
 public:
  ArcfaceHead(const HeadConfig& config, const HeadInputs& inputs, ParameterSet& parameters)
      : parts_(inputs, "none", parameters),
        scale_(config.options.number("scale")),
        margin_(config.options.number("margin")),
        easy_(config.options.flag("easy_margin")),
        exact_(config.options.text("margin_gradient") == "exact") {}

  at::Tensor logits(const at::Tensor& embedded) const override {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    return cosines(embedded, parts_.class_vectors()) * scale_;  // [B, K]
  }

  // All classes get the margin, and the labels choose: no gather, whose backward pass would add up
  // in no fixed order on GPUs.
  at::Tensor with_margin(const at::Tensor& logits, const at::Tensor& labels) const override {
    const at::Tensor is_target =
        labels.unsqueeze(1).eq(at::arange(logits.size(1), labels.options()));  // [B, K]
    return at::where(is_target, cosine_with_margin(logits / scale_) * scale_, logits);
  }

  at::Tensor class_vectors() const override { return parts_.class_vectors(); }

 private:
  at::Tensor cosine_with_margin(const at::Tensor& cosine) const {
    const at::Tensor c = cosine.detach();
    const at::Tensor sine = (1 - c * c).clamp_min(kSmallestSquaredSine).sqrt();
    at::Tensor value = c * std::cos(margin_) - sine * std::sin(margin_);
    // d cos(theta + m) / d cos(theta)
    at::Tensor slope =
        std::cos(margin_) + std::sin(margin_) * c / sine.clamp_min(kSmallestSineInRatio);
    if (easy_) {
      select(c.gt(0), c, value, slope);
    } else if (exact_) {
      select(c.ge(-std::cos(margin_)), c - margin_ * std::sin(margin_), value, slope);
    }
    const at::Tensor change = cosine - c;  // 0, but carries the gradient
    return exact_ ? value + slope * change : value + change;
  }

  // Where the margin does not apply: `otherwise`, which rises with the cosine one to one.
  static void select(const at::Tensor& applies,
                     const at::Tensor& otherwise,
                     at::Tensor& value,
                     at::Tensor& slope) {
    value = at::where(applies, value, otherwise);
    slope = at::where(applies, slope, at::ones_like(slope));
  }

  ClassVectorParameters parts_;
  double scale_;
  double margin_;
  bool easy_;
  bool exact_;
};

}  // namespace

template <>
std::unique_ptr<Head> HeadComponent<Arcface>::make(const HeadConfig& config,
                                                   const HeadInputs& inputs,
                                                   ParameterSet& parameters) {
  return std::make_unique<ArcfaceHead>(config, inputs, parameters);
}

}  // namespace headway
