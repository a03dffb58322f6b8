#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "training/optimizers/optimizer.h"

namespace headway {
namespace {

/// p <- (1 - rate * decay) p;  m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;
/// p <- p - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon), t = 1, 2, ...
/// As torch.optim.AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR
/// 2019), one pass over memory.
class AdamWOptimizer final : public Optimizer {
 public:
  AdamWOptimizer(const OptimizerConfig& config, FlatParameters& parameters)
      : parameters_(parameters),
        weight_decay_(config.weight_decay),
        beta1_(config.options.number("beta1")),
        beta2_(config.options.number("beta2")),
        epsilon_(config.options.number("epsilon")),
        first_moment_(at::zeros_like(parameters.all_gradients())),
        second_moment_(at::zeros_like(parameters.all_gradients())),
        steps_(at::zeros({}, parameters.all_gradients().options())) {}

  void step(double learning_rate) override {
    const at::NoGradGuard no_grad;
    steps_.add_(1);
    for (const bool decayed : {true, false}) {
      at::Tensor values = parameters_.values(decayed);
      if (values.numel() == 0) continue;
      at::Tensor gradients = parameters_.summed_gradients(decayed);
      at::Tensor first = parameters_.part(first_moment_, decayed);
      at::Tensor second = parameters_.part(second_moment_, decayed);
      at::_fused_adamw_({values},
                        {gradients},
                        {first},
                        {second},
                        /*max_exp_avg_sqs=*/{},
                        {steps_},
                        learning_rate,
                        beta1_,
                        beta2_,
                        decayed ? weight_decay_ : 0.0,
                        epsilon_,
                        /*amsgrad=*/false,
                        /*maximize=*/false);
    }
  }

  // PyTorch's names of the same tensors.
  std::vector<std::pair<std::string, at::Tensor>> state() override {
    return {{"exp_avg", first_moment_}, {"exp_avg_sq", second_moment_}};
  }
  std::vector<std::pair<std::string, at::Tensor>> counters() override { return {{"step", steps_}}; }

 private:
  FlatParameters& parameters_;
  double weight_decay_;
  double beta1_;
  double beta2_;
  double epsilon_;
  at::Tensor first_moment_;
  at::Tensor second_moment_;
  at::Tensor steps_;  // float, as the fused kernel takes it: exact up to 2^24 steps
};

}  // namespace

template <>
std::unique_ptr<Optimizer> OptimizerComponent<AdamW>::make(const OptimizerConfig& config,
                                                           FlatParameters& parameters) {
  return std::make_unique<AdamWOptimizer>(config, parameters);
}

}  // namespace headway
