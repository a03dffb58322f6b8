#include "training/step/synced_statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "models/layers/batch_norm/whole_batch.h"
#include "training/step/shard_tree.h"

namespace headway {
namespace {

/// Parts of a batch, a power of two, merged in the fixed binary tree. Leaves them without rows.
ChannelStatistics merged_in_tree(StatisticsKind kind, std::vector<ChannelStatistics>& parts) {
  merge_in_tree(parts, [kind](ChannelStatistics& left, ChannelStatistics& right) {
    left = merged(kind, std::move(left), std::exchange(right, {}));
  });
  return std::exchange(parts.front(), {});
}

}  // namespace

ChannelStatistics merged(StatisticsKind kind, ChannelStatistics left, ChannelStatistics right) {
  if (right.rows == 0) return left;
  if (left.rows == 0) return right;
  expects(left.first.size() == right.first.size(), "shards must go through the same layers");
  const auto left_rows = static_cast<double>(left.rows);
  const auto right_rows = static_cast<double>(right.rows);
  const double rows = left_rows + right_rows;
  for (std::size_t c = 0; c < left.first.size(); ++c) {
    left.second[c] += right.second[c];
    if (kind == StatisticsKind::kGradientSums) {
      left.first[c] += right.first[c];
    } else {
      const double step = right.first[c] - left.first[c];
      left.first[c] += step * right_rows / rows;
      left.second[c] += step * step * left_rows * right_rows / rows;
    }
  }
  left.rows += right.rows;
  return left;
}

// Autograd has one thread per GPU, in which shards cannot wait for one another.
void expect_one_shard_per_gpu(std::int64_t shards, int ranks) {
  if (shards == ranks) return;
  throw ConfigError(fmt::format(
      "training.sync_batch_norm on GPUs takes one shard per rank, found training.shards={} on {} "
      "rank{}; set training.shards={} (another trial), or resources.ranks={}",
      shards,
      ranks,
      ranks == 1 ? "" : "s",
      ranks,
      shards));
}

SyncedStatistics::SyncedStatistics(ParameterSet& parameters,
                                   std::int64_t local_shards,
                                   Communicator& comm)
    : parameters_(parameters),
      comm_(comm),
      local_statistics_(static_cast<std::size_t>(local_shards)) {
  // On a GPU the backward pass runs in a thread of autograd's.
  const bool uses_threads =
      local_shards > 1 ||
      std::ranges::any_of(parameters.parameters(),
                          [](const Parameter& parameter) { return parameter.tensor.is_cuda(); });
  if (uses_threads && !comm.allows_threads()) {
    throw EnvironmentError(
        "training.sync_batch_norm: this MPI library does not let threads take turns "
        "(MPI_THREAD_SERIALIZED); use one that does, or on CPUs as many ranks as training.shards");
  }
  for (const Parameter& parameter : parameters.parameters()) {
    if (parameter.kind != ParameterKind::kBatchNorm) continue;
    largest_channels_ =
        std::max(largest_channels_, static_cast<std::size_t>(parameter.tensor.numel()));
    ++layers_;
  }
  layers_ /= 2;  // a weight and a bias each
  parameters.set_statistics_exchange(this);
}

SyncedStatistics::~SyncedStatistics() {
  parameters_.set_statistics_exchange(nullptr);
}

void SyncedStatistics::run(std::span<const std::int64_t> shards,
                           const ShardBody& select,
                           const ShardBody& body) {
  exchanges_ = 0;
  if (shards.empty()) {
    for (std::size_t layer = 0; layer < layers_; ++layer) {
      expect_several_rows(exchanged(StatisticsKind::kMoments, {}).rows);
    }
    for (std::size_t layer = 0; layer < layers_; ++layer) {
      exchanged(StatisticsKind::kGradientSums, {});
    }
    return;
  }
  lock_step_.run(
      shards.size(),
      [&](std::size_t index) { body(shards[index]); },
      [&](std::size_t index) {
        local_ = shards[index];
        select(local_);
      });
  // Ranks without samples count on it.
  expects(exchanges_ == 2 * layers_, "every batch norm must take part once in every pass");
}

ChannelStatistics SyncedStatistics::of_whole_batch(StatisticsKind kind, ChannelStatistics own) {
  local_statistics_[static_cast<std::size_t>(local_)] = std::move(own);
  lock_step_.meet([&] { whole_ = exchanged(kind, merged_in_tree(kind, local_statistics_)); });
  return whole_;
}

// All messages have the size of the widest layer's, so that a rank without samples need not know
// whose turn it is.
ChannelStatistics SyncedStatistics::exchanged(StatisticsKind kind,
                                              const ChannelStatistics& of_rank) {
  expects(++exchanges_ <= 2 * layers_, "a batch norm took part more than once in a pass");
  const std::size_t channels = of_rank.first.size();
  const std::size_t length = 2 + 2 * largest_channels_;
  std::vector<double> own(length);
  own[0] = static_cast<double>(of_rank.rows);
  own[1] = static_cast<double>(channels);
  std::ranges::copy(of_rank.first, own.begin() + 2);
  std::ranges::copy(of_rank.second, own.begin() + 2 + static_cast<std::ptrdiff_t>(channels));
  std::vector<double> all(length * static_cast<std::size_t>(comm_.size()));
  comm_.all_gather(std::as_bytes(std::span(own)), std::as_writable_bytes(std::span(all)));
  std::vector<ChannelStatistics> of_ranks;
  for (auto part = all.cbegin(); part != all.cend(); part += static_cast<std::ptrdiff_t>(length)) {
    const auto first = part + 2;
    const auto second = first + static_cast<std::ptrdiff_t>(part[1]);
    const auto end = second + static_cast<std::ptrdiff_t>(part[1]);
    of_ranks.push_back({static_cast<std::int64_t>(part[0]), {first, second}, {second, end}});
  }
  return merged_in_tree(kind, of_ranks);
}

}  // namespace headway
