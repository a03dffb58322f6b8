#include "training/step/synced_statistics.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "models/layers/batch_norm/batch_norm2d.h"
#include "models/layers/batch_norm/fused_batch_norm.h"
#include "support/reference_model.h"
#include "support/test_communicator.h"

namespace headway {
namespace {

constexpr std::int64_t kChannels = 6;
using Images = std::vector<std::int64_t>;  // of each rank

ChannelStatistics moments(std::vector<double> values) {
  const auto rows = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) mean += value / rows;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {static_cast<std::int64_t>(values.size()), {mean}, {squares}};
}

TEST(MergedStatistics, moments_are_those_of_all_values) {
  const ChannelStatistics both =
      merged(StatisticsKind::kMoments, moments({1, 5, 3}), moments({-2, 8, 7, 1, 1}));
  const ChannelStatistics wanted = moments({1, 5, 3, -2, 8, 7, 1, 1});
  EXPECT_EQ(both.rows, 8);
  EXPECT_NEAR(both.first[0], wanted.first[0], 1e-12);
  EXPECT_NEAR(both.second[0], wanted.second[0], 1e-12);
}

TEST(MergedStatistics, gradient_sums_are_added) {
  const ChannelStatistics both =
      merged(StatisticsKind::kGradientSums, {2, {1, 2}, {3, 4}}, {5, {10, 20}, {30, 40}});
  EXPECT_EQ(both.rows, 7);
  EXPECT_EQ(both.first, (std::vector<double>{11, 22}));
  EXPECT_EQ(both.second, (std::vector<double>{33, 44}));
}

TEST(MergedStatistics, a_side_without_rows_changes_no_bit) {
  const ChannelStatistics own{3, {-0.0, 0.1}, {0.2, -0.0}};
  for (const StatisticsKind kind : {StatisticsKind::kMoments, StatisticsKind::kGradientSums}) {
    for (const ChannelStatistics& both : {merged(kind, own, {}), merged(kind, {}, own)}) {
      EXPECT_EQ(both.rows, 3);
      EXPECT_TRUE(std::signbit(both.first[0]) && std::signbit(both.second[1]));
      EXPECT_EQ(both.first[1], 0.1);
    }
  }
}

/// Two batch norms, the first with ReLU and the second after it with a shortcut, on this rank's
/// part of a batch of which rank i has images[i].
class TwoLayers {
 public:
  explicit TwoLayers(const Images& images,
                     at::ScalarType type = at::kFloat,
                     at::MemoryFormat format = at::MemoryFormat::ChannelsLast) {
    fill_with_reference_values(parameters_);
    const auto rank = static_cast<std::size_t>(test_communicator().rank());
    const auto own = images.begin() + static_cast<std::ptrdiff_t>(rank);
    begin_ = std::accumulate(images.begin(), own, std::int64_t{0});
    count_ = *own;
    const std::int64_t all = std::accumulate(own, images.end(), begin_);
    x_ = part((reference_images("x", {all, kChannels, 4, 3}) * 3 + 2).to(type))
             .contiguous(format)
             .set_requires_grad(true);
    grad_y_ = part(reference_images("grad_y", {all, kChannels, 4, 3}).to(type));
  }

  /// This rank's rows of what all ranks have.
  at::Tensor part(const at::Tensor& all) const { return all.narrow(0, begin_, count_); }

  void run() {
    if (count_ == 0) {
      synced_.run_without_samples();
    } else {
      synced_.run([this] { train(); });
    }
  }

  void train() {
    const at::Tensor hidden = first_.forward(x_, {.relu = true}, true).first;
    y_ = second_.forward(hidden, {.shortcut = x_, .relu = true}, true).first;
    y_.backward(grad_y_);
  }

  bool has_images() const { return count_ > 0; }
  at::Tensor y() const { return y_.detach(); }
  at::Tensor grad_x() const { return x_.grad(); }
  /// Of parameter `index`, summed over ranks. Collective.
  at::Tensor gradient(std::size_t index) const {
    const at::Tensor own = parameters_.parameter(index).grad();
    at::Tensor sum = own.defined() ? own.clone() : at::zeros({kChannels});
    test_communicator().all_reduce_sum(
        std::span(sum.mutable_data_ptr<float>(), static_cast<std::size_t>(kChannels)));
    return sum;
  }
  ParameterSet& parameters() { return parameters_; }
  SyncedStatistics& synced() { return synced_; }

 private:
  ParameterSet parameters_{0};
  BatchNorm2d first_{parameters_, "first", kChannels};
  BatchNorm2d second_{parameters_, "second", kChannels};
  SyncedStatistics synced_{parameters_, test_communicator()};
  std::int64_t begin_ = 0;
  std::int64_t count_ = 0;
  at::Tensor x_;
  at::Tensor grad_y_;
  at::Tensor y_;
};

/// The same by PyTorch's batch norm on the whole batch.
struct Reference {
  explicit Reference(std::int64_t images) {
    fill_with_reference_values(parameters);
    x = (reference_images("x", {images, kChannels, 4, 3}) * 3 + 2).set_requires_grad(true);
    y = (norm(norm(x, 0).relu(), 2) + x).relu();
    y.backward(reference_images("grad_y", y.sizes()));
  }

  at::Tensor norm(const at::Tensor& input, std::size_t weight) const {
    const std::size_t buffer = weight / 2 * 3;
    return at::batch_norm(input,
                          parameters.parameter(weight),
                          parameters.parameter(weight + 1),
                          parameters.buffer(buffer),
                          parameters.buffer(buffer + 1),
                          true,
                          kBatchNormMomentum,
                          kBatchNormEpsilon,
                          false);
  }

  ParameterSet parameters{0};
  BatchNorm2d first{parameters, "first", kChannels};
  BatchNorm2d second{parameters, "second", kChannels};
  at::Tensor x;
  at::Tensor y;
};

/// Ways to share 8 images out among all ranks.
std::vector<Images> shares_of_eight() {
  switch (test_communicator().size()) {
    case 1:
      return {{8}};
    case 2:
      return {{4, 4}, {5, 3}, {8, 0}, {0, 8}};
    default:
      return {{2, 2, 2, 2}, {0, 3, 1, 4}, {0, 0, 0, 8}, {0, 5, 0, 3}};
  }
}

TEST(SyncedStatistics, ranks_together_compute_what_pytorch_does_with_the_whole_batch) {
  const Reference whole(8);
  for (const Images& images : shares_of_eight()) {
    for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
      TwoLayers own(images, at::kFloat, format);  // row-major: not by the fused form
      own.run();
      if (own.has_images()) {
        EXPECT_TRUE(at::allclose(own.y(), own.part(whole.y.detach()), 1e-5, 1e-5));
        EXPECT_TRUE(at::allclose(own.grad_x(), own.part(whole.x.grad()), 1e-4, 1e-5));
        for (const std::size_t buffer : {0, 1, 3, 4}) {
          EXPECT_TRUE(at::allclose(
              own.parameters().buffer(buffer), whole.parameters.buffer(buffer), 1e-5, 1e-6))
              << "buffer " << buffer;
        }
      }
      for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_TRUE(at::allclose(own.gradient(i), whole.parameters.parameter(i).grad(), 1e-5, 1e-4))
            << "parameter " << i;
      }
    }
  }
}

TEST(SyncedStatistics, a_batch_on_one_rank_has_the_bits_of_plain_batch_norm) {
  Images images(static_cast<std::size_t>(test_communicator().size()), 0);
  images.back() = 8;
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    TwoLayers synced(images, type);
    synced.run();
    if (!synced.has_images()) continue;
    TwoLayers plain(images, type);
    plain.parameters().set_statistics_exchange(nullptr);
    plain.train();
    EXPECT_TRUE(at::equal(synced.y(), plain.y()));
    EXPECT_TRUE(at::equal(synced.grad_x(), plain.grad_x()));
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(at::equal(synced.parameters().parameter(i).grad(),
                            plain.parameters().parameter(i).grad()))
          << "parameter " << i;
    }
    for (std::size_t i = 0; i < synced.parameters().buffers().size(); ++i) {
      EXPECT_TRUE(at::equal(synced.parameters().buffer(i), plain.parameters().buffer(i)));
    }
  }
}

// Ranks without samples count on as many exchanges as there are layers.
TEST(SyncedStatistics, layers_that_are_left_out_or_used_twice_fail) {
  for (const int times : {0, 2}) {
    TwoLayers layers(Images(static_cast<std::size_t>(test_communicator().size()), 4));
    EXPECT_THROW(layers.synced().run([&] {
      for (int i = 0; i < times; ++i) layers.train();
    }),
                 std::logic_error);
  }
}

}  // namespace
}  // namespace headway
