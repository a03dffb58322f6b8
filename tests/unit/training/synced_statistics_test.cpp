#include "training/step/synced_statistics.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "models/layers/batch_norm/batch_norm2d.h"
#include "models/layers/batch_norm/fused_batch_norm.h"
#include "support/reference_model.h"

namespace headway {
namespace {

constexpr std::int64_t kChannels = 6;
using Images = std::vector<std::int64_t>;  // of each shard

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

/// Two batch norms, the first with ReLU and the second after it with a shortcut, on shards of
/// `images` images each.
class TwoLayers {
 public:
  explicit TwoLayers(const Images& images,
                     at::ScalarType type = at::kFloat,
                     at::MemoryFormat format = at::MemoryFormat::ChannelsLast)
      : synced_(parameters_, static_cast<std::int64_t>(images.size()), *comm_) {
    fill_with_reference_values(parameters_);
    std::int64_t count = 0;
    for (const std::int64_t own : images) count += own;
    const at::Tensor all = (reference_images("x", {count, kChannels, 4, 3}) * 3 + 2).to(type);
    const at::Tensor gradient = reference_images("grad_y", all.sizes()).to(type);
    std::int64_t start = 0;
    for (const std::int64_t own : images) {
      x_.push_back(all.narrow(0, start, own).contiguous(format).set_requires_grad(true));
      grad_y_.push_back(gradient.narrow(0, start, own));
      if (own > 0) filled_.push_back(static_cast<std::int64_t>(x_.size()) - 1);
      start += own;
    }
    y_.resize(images.size());
  }

  void run() {
    synced_.run(
        filled_, [](std::int64_t) {}, [this](std::int64_t shard) { train(shard); });
  }

  void train(std::int64_t shard) {
    const auto index = static_cast<std::size_t>(shard);
    const at::Tensor hidden = first_.forward(x_[index], {.relu = true}, true).first;
    y_[index] = second_.forward(hidden, {.shortcut = x_[index], .relu = true}, true).first;
    y_[index].backward(grad_y_[index]);
  }

  at::Tensor y() const {
    std::vector<at::Tensor> parts;
    for (const std::int64_t shard : filled_) parts.push_back(y_[static_cast<std::size_t>(shard)]);
    return at::cat(parts).detach();
  }
  at::Tensor grad_x() const {
    std::vector<at::Tensor> parts;
    for (const std::int64_t shard : filled_) {
      parts.push_back(x_[static_cast<std::size_t>(shard)].grad());
    }
    return at::cat(parts);
  }
  at::Tensor gradient(std::size_t index) const { return parameters_.parameter(index).grad(); }
  ParameterSet& parameters() { return parameters_; }
  SyncedStatistics& synced() { return synced_; }

 private:
  std::unique_ptr<Communicator> comm_ = make_single_process_communicator();
  ParameterSet parameters_{0};
  BatchNorm2d first_{parameters_, "first", kChannels};
  BatchNorm2d second_{parameters_, "second", kChannels};
  SyncedStatistics synced_;
  std::vector<at::Tensor> x_;
  std::vector<at::Tensor> grad_y_;
  std::vector<at::Tensor> y_;
  std::vector<std::int64_t> filled_;
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

// Gradients of weights and biases add up over shards because they share the parameters. Buffers are
// those of all shards here, which update them one after the other: compared below, with one update.
TEST(SyncedStatistics, shards_together_compute_what_pytorch_does_with_the_whole_batch) {
  for (const Images& images :
       {Images{8}, {4, 4}, {2, 2, 2, 2}, {0, 3, 1, 4}, {0, 0, 0, 8}, {8, 0}}) {
    for (const auto format : {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
      TwoLayers shards(images, at::kFloat, format);  // row-major: not by the fused form
      shards.run();
      const Reference whole(8);
      EXPECT_TRUE(at::allclose(shards.y(), whole.y.detach(), 1e-5, 1e-5));
      EXPECT_TRUE(at::allclose(shards.grad_x(), whole.x.grad(), 1e-4, 1e-5));
      for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_TRUE(
            at::allclose(shards.gradient(i), whole.parameters.parameter(i).grad(), 1e-5, 1e-4))
            << "parameter " << i;
      }
    }
  }
}

TEST(SyncedStatistics, running_statistics_are_those_of_the_whole_batch) {
  TwoLayers shards({0, 5, 0, 3});
  ParameterSet& parameters = shards.parameters();
  // Every shard its own copies, as in training.
  std::vector<std::vector<at::Tensor>> copies;
  for (std::size_t shard = 0; shard < 4; ++shard) {
    std::vector<at::Tensor>& own = copies.emplace_back();
    for (const Buffer& buffer : parameters.buffers()) own.push_back(buffer.tensor.clone());
  }
  const auto select = [&](std::int64_t shard) {
    for (std::size_t i = 0; i < parameters.buffers().size(); ++i) {
      parameters.buffers()[i].tensor = copies[static_cast<std::size_t>(shard)][i];
    }
  };
  shards.synced().run(
      std::vector<std::int64_t>{1, 3}, select, [&](std::int64_t shard) { shards.train(shard); });
  const Reference whole(8);
  for (const std::size_t buffer : {0, 1, 3, 4}) {
    const at::Tensor wanted = whole.parameters.buffer(buffer);
    EXPECT_TRUE(at::allclose(copies[1][buffer], wanted, 1e-5, 1e-6)) << "buffer " << buffer;
    EXPECT_TRUE(at::equal(copies[1][buffer], copies[3][buffer])) << "buffer " << buffer;
    EXPECT_FALSE(at::equal(copies[0][buffer], wanted)) << "buffer " << buffer;
  }
}

TEST(SyncedStatistics, one_shard_has_the_bits_of_plain_batch_norm) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    TwoLayers synced({8}, type);
    synced.run();
    TwoLayers plain({8}, type);
    plain.parameters().set_statistics_exchange(nullptr);
    plain.train(0);
    EXPECT_TRUE(at::equal(synced.y(), plain.y()));
    EXPECT_TRUE(at::equal(synced.grad_x(), plain.grad_x()));
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(at::equal(synced.gradient(i), plain.gradient(i))) << "parameter " << i;
    }
    for (std::size_t i = 0; i < synced.parameters().buffers().size(); ++i) {
      EXPECT_TRUE(at::equal(synced.parameters().buffer(i), plain.parameters().buffer(i)));
    }
  }
}

TEST(SyncedStatistics, shards_that_go_through_unequal_numbers_of_layers_fail) {
  TwoLayers shards({4, 4});
  const auto body = [&](std::int64_t shard) {
    if (shard == 0) shards.train(shard);
  };
  EXPECT_THROW(shards.synced().run(
                   std::vector<std::int64_t>{0, 1}, [](std::int64_t) {}, body),
               std::logic_error);
}

// Other ranks, without samples, count on as many exchanges as there are layers.
TEST(SyncedStatistics, layers_that_are_left_out_or_used_twice_fail) {
  for (const int times : {0, 2}) {
    TwoLayers shards({4, 4});
    const auto body = [&](std::int64_t shard) {
      for (int i = 0; i < times; ++i) shards.train(shard);
    };
    EXPECT_THROW(shards.synced().run(
                     std::vector<std::int64_t>{0, 1}, [](std::int64_t) {}, body),
                 std::logic_error);
  }
}

TEST(SyncedStatistics, an_exception_in_a_shard_ends_the_backward_pass_of_the_others) {
  TwoLayers shards({4, 4});
  int selected = 0;
  const auto select = [&](std::int64_t) {
    if (++selected == 8) throw std::out_of_range("struck");  // shard 1, between backward exchanges
  };
  EXPECT_THROW(shards.synced().run(std::vector<std::int64_t>{0, 1},
                                   select,
                                   [&](std::int64_t shard) { shards.train(shard); }),
               std::out_of_range);
}

TEST(SyncedStatistics, gpus_take_one_shard_each) {
  EXPECT_NO_THROW(expect_one_shard_per_gpu(4, 4));
  try {
    expect_one_shard_per_gpu(4, 2);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("set training.shards=2"));
    EXPECT_THAT(error.what(), testing::HasSubstr("resources.ranks=4"));
  }
}

/// MPI that was granted less than asked for.
class NoThreads final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  bool allows_threads() const override { return false; }
  void barrier() override {}
  std::string broadcast(const std::string& text) override { return text; }
  void all_gather(std::span<const std::byte>, std::span<std::byte>) override {}
  std::unique_ptr<AllReduceBuffer> make_array(std::size_t, SumPrecision) override {
    return nullptr;
  }
  void all_reduce_sum(std::span<float>) override {}
  void all_reduce_sum(std::span<double>) override {}
  std::uint32_t all_reduce_or(std::uint32_t flags) override { return flags; }
};

TEST(SyncedStatistics, several_shards_a_rank_need_a_communicator_for_threads) {
  ParameterSet parameters(0);
  NoThreads comm;
  EXPECT_THROW(SyncedStatistics(parameters, 2, comm), EnvironmentError);
  EXPECT_NO_THROW(SyncedStatistics(parameters, 1, comm));
}

}  // namespace
}  // namespace headway
