// That the interface of heads has room for what the present ones do not need: a projection, a batch
// norm of the features with buffers per shard, more rows than classes.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "models/heads/head.h"
#include "support/reference_model.h"

namespace headway {
namespace {

constexpr std::int64_t kFeatures = 6;
constexpr std::int64_t kProjected = 3;
constexpr std::int64_t kClasses = 4;
constexpr std::int64_t kRowsPerClass = 2;

/// Centred projected features against two rows per class, of which the nearer one counts.
class ProjectedHead : public Head {
 public:
  explicit ProjectedHead(ParameterSet& parameters)
      : parameters_(parameters),
        projection_(parameters.add_uniform(
            "projection.weight", ParameterKind::kWeight, {kProjected, kFeatures}, 0.5)),
        rows_(parameters.add_uniform("linear.weight",
                                     ParameterKind::kClassVectors,
                                     {kClasses * kRowsPerClass, kProjected},
                                     0.5)),
        mean_(parameters.add_buffer("mean", at::zeros({kProjected}), /*per_shard=*/true)) {}

  at::Tensor embed(const at::Tensor& features, bool training) override {
    const at::Tensor projected = features.mm(parameters_.parameter(projection_).t());
    if (!training) return projected - parameters_.buffer(mean_);
    const at::Tensor mean = projected.mean(0);
    at::Tensor(parameters_.buffer(mean_)).mul_(0.9).add_(mean.detach(), 0.1);
    return projected - mean;
  }
  at::Tensor logits(const at::Tensor& embedded) const override {
    return embedded.mm(prototypes().t()).view({-1, kClasses, kRowsPerClass}).amax(2);
  }
  at::Tensor class_vectors() const override {
    return prototypes().view({kClasses, kRowsPerClass, kProjected}).mean(1);
  }
  at::Tensor prototypes() const override { return parameters_.parameter(rows_); }

 private:
  ParameterSet& parameters_;
  std::size_t projection_;
  std::size_t rows_;
  std::size_t mean_;
};

TEST(HeadInterface, has_room_for_a_projection_own_statistics_and_several_rows_per_class) {
  ParameterSet parameters(0);
  ProjectedHead head(parameters);
  const at::Tensor z = reference_images("z", {5, kFeatures});
  const at::Tensor before = head.forward(z, /*training=*/false);
  EXPECT_EQ(before.sizes(), (at::IntArrayRef{5, kClasses}));
  EXPECT_EQ(head.embed(z, false).sizes(), (at::IntArrayRef{5, kProjected}));
  EXPECT_EQ(head.class_vectors().sizes(), (at::IntArrayRef{kClasses, kProjected}));
  EXPECT_EQ(head.prototypes().size(0), kClasses * kRowsPerClass);
  EXPECT_TRUE(head.forward(z, false).equal(before));
  head.forward(z, /*training=*/true).sum().backward();
  EXPECT_FALSE(head.forward(z, false).equal(before));
  EXPECT_FALSE(head.bias().has_value());
}

}  // namespace
}  // namespace headway
