#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/zeros_like.h>

#include "training/optimizers/optimizer.h"

namespace headway {
namespace {

/// g <- g + decay * p;  m <- momentum * m + g;  p <- p - rate * (nesterov ? g + momentum * m : m).
/// As torch.optim.SGD (Sutskever et al., ICML 2013), one pass over memory.
class SgdOptimizer final : public Optimizer {
 public:
  SgdOptimizer(const OptimizerConfig& config, FlatParameters& parameters)
      : parameters_(parameters),
        weight_decay_(config.weight_decay),
        momentum_(config.options.number("momentum")),
        nesterov_(config.options.flag("nesterov")) {
    if (momentum_ > 0) momentum_buffer_ = at::zeros_like(parameters.all_gradients());
  }

  void step(double learning_rate) override {
    const at::NoGradGuard no_grad;
    for (const bool decayed : {true, false}) {
      at::Tensor values = parameters_.values(decayed);
      if (values.numel() == 0) continue;
      at::Tensor gradients = parameters_.summed_gradients(decayed);
      std::vector<at::Tensor> momenta;
      if (momentum_ > 0) momenta.push_back(parameters_.part(momentum_buffer_, decayed));
      // Buffers start at zero, so no step is special: momentum * 0 + g = g.
      at::_fused_sgd_({values},
                      {gradients},
                      momenta,
                      decayed ? weight_decay_ : 0.0,
                      momentum_,
                      learning_rate,
                      /*dampening=*/0,
                      nesterov_,
                      /*maximize=*/false,
                      /*is_first_step=*/false);
    }
  }

  std::vector<std::pair<std::string, at::Tensor>> state() override {
    if (momentum_ == 0) return {};
    return {{"momentum", momentum_buffer_}};
  }

 private:
  FlatParameters& parameters_;
  double weight_decay_;
  double momentum_;
  bool nesterov_;
  at::Tensor momentum_buffer_;  // undefined without momentum: the fused kernel refuses one then
};

}  // namespace

template <>
std::unique_ptr<Optimizer> OptimizerComponent<Sgd>::make(const OptimizerConfig& config,
                                                         FlatParameters& parameters) {
  return std::make_unique<SgdOptimizer>(config, parameters);
}

}  // namespace headway
