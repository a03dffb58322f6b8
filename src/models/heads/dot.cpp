#include <ATen/ops/linear.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include "models/heads/class_vector_parameters.h"
#include "models/heads/head.h"

namespace headway {
namespace {

/// logits = z W^T + b. With learned W this is the ordinary linear classifier; with fixed W the
/// dot-product head of arXiv 2011.08704.
class DotHead : public Head {
 public:
  DotHead(const HeadConfig& config, const HeadInputs& inputs, ParameterSet& parameters)
      : parts_(inputs, config.options.text("bias"), parameters) {}

  at::Tensor forward(const at::Tensor& features) override {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const at::Tensor class_vectors = parts_.class_vectors();
    return at::linear(float_features(features, class_vectors),
                      class_vectors,
                      parts_.bias());  // [B, K]
  }

  at::Tensor class_vectors() const override { return parts_.class_vectors(); }
  std::optional<at::Tensor> bias() const override { return parts_.bias(); }
  bool normalises_class_vectors() const override { return false; }

 private:
  ClassVectorParameters parts_;
};

}  // namespace

std::unique_ptr<Head> make_dot(const HeadConfig& config,
                               const HeadInputs& inputs,
                               ParameterSet& parameters) {
  return std::make_unique<DotHead>(config, inputs, parameters);
}

}  // namespace headway
