#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include "models/heads/class_vector_parameters.h"
#include "models/heads/head.h"

namespace headway {
namespace {

constexpr double kSmallestNorm = 1e-12;
constexpr double kSmallestScale = 0.01;

// Rows x / ||x||. A zero row stays zero and gets no gradient, where x / max(||x||, 1e-12) alone
// would blow its gradient up by 1e12.
at::Tensor normalised_rows(const at::Tensor& x) {
  const at::Tensor norm = at::linalg_vector_norm(x, 2, {1}, true);  // [rows, 1]
  const at::Tensor usable = norm.detach().gt(kSmallestNorm);
  return x * (norm.clamp_min(kSmallestNorm).reciprocal() * usable);
}

/// logits = s cos(z, w_k) + b. The scale s is a number, or learned from that number on
/// ("linear.scale") with the floor 0.01 of NormFace (Wang et al., ACM MM 2017). arXiv 2011.08704
/// has s = 1.
class CosineHead : public Head {
 public:
  CosineHead(const HeadConfig& config, const HeadInputs& inputs, ParameterSet& parameters)
      : parts_(inputs, config.options.text("bias"), parameters),
        parameters_(&parameters),
        fixed_scale_(config.options.number("scale")) {
    if (!config.options.flag("learned_scale")) return;
    scale_ = parameters.add_constant("linear.scale", ParameterKind::kScale, {}, fixed_scale_);
  }

  at::Tensor forward(const at::Tensor& features) override {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const at::Tensor class_vectors = parts_.class_vectors();
    const at::Tensor z = normalised_rows(float_features(features, class_vectors));  // [B, D]
    const at::Tensor cosine = at::matmul(z, normalised_rows(class_vectors).t());    // [B, K]
    const at::Tensor scaled = scale_ ? cosine * learned_scale() : cosine * fixed_scale_;
    const std::optional<at::Tensor> bias = parts_.bias();
    return bias ? scaled + *bias : scaled;
  }

  at::Tensor class_vectors() const override { return parts_.class_vectors(); }
  std::optional<at::Tensor> bias() const override { return parts_.bias(); }
  bool normalises_class_vectors() const override { return true; }

 private:
  // Below the floor the gradient still reaches the parameter, so that the scale can come back.
  at::Tensor learned_scale() const {
    const at::Tensor& scale = parameters_->parameter(*scale_);
    const at::Tensor value = scale.detach();
    return scale + (value.clamp_min(kSmallestScale) - value);
  }

  ClassVectorParameters parts_;
  const ParameterSet* parameters_;
  double fixed_scale_;
  std::optional<std::size_t> scale_;
};

}  // namespace

std::unique_ptr<Head> make_cosine(const HeadConfig& config,
                                  const HeadInputs& inputs,
                                  ParameterSet& parameters) {
  return std::make_unique<CosineHead>(config, inputs, parameters);
}

}  // namespace headway
