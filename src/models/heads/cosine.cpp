#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp_min.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include "models/heads/class_vector_parameters.h"
#include "models/heads/head.h"

namespace headway {
namespace {

constexpr double kSmallestScale = 0.01;

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

  at::Tensor logits(const at::Tensor& embedded) const override {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const at::Tensor cosine = cosines(embedded, parts_.class_vectors());  // [B, K]
    const at::Tensor scaled = scale_ ? cosine * learned_scale() : cosine * fixed_scale_;
    const std::optional<at::Tensor> bias = parts_.bias();
    return bias ? scaled + *bias : scaled;
  }

  at::Tensor class_vectors() const override { return parts_.class_vectors(); }
  std::optional<at::Tensor> bias() const override { return parts_.bias(); }

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

template <>
std::unique_ptr<Head> HeadComponent<Cosine>::make(const HeadConfig& config,
                                                  const HeadInputs& inputs,
                                                  ParameterSet& parameters) {
  return std::make_unique<CosineHead>(config, inputs, parameters);
}

}  // namespace headway
