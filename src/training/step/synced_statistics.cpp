#include "training/step/synced_statistics.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "models/layers/batch_norm/whole_batch.h"
#include "training/step/shard_tree.h"

namespace headway {
namespace {

/// Parts of a batch, a power of two, merged in the fixed binary tree.
ChannelStatistics merged_in_tree(StatisticsKind kind, std::vector<ChannelStatistics> parts) {
  merge_in_tree(parts, [kind](ChannelStatistics& left, ChannelStatistics& right) {
    left = merged(kind, std::move(left), std::move(right));
  });
  return std::move(parts.front());
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

SyncedStatistics::SyncedStatistics(ParameterSet& parameters, Communicator& comm)
    : parameters_(parameters), comm_(comm) {
  const bool uses_threads =
      std::ranges::any_of(parameters.parameters(),
                          [](const Parameter& parameter) { return parameter.tensor.is_cuda(); });
  if (uses_threads && !comm.allows_threads()) {
    throw EnvironmentError(
        "training.sync_batch_norm on GPUs: this MPI library does not let threads take turns "
        "(MPI_THREAD_SERIALIZED); use one that does, or resources.device=cpu");
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

void SyncedStatistics::run(const std::function<void()>& pass) {
  exchanges_ = 0;
  pass();
  // Ranks without samples count on it.
  expects(exchanges_ == 2 * layers_, "every batch norm must take part once in every pass");
}

void SyncedStatistics::run_without_samples() {
  exchanges_ = 0;
  for (std::size_t layer = 0; layer < layers_; ++layer) {
    expect_several_rows(of_whole_batch(StatisticsKind::kMoments, {}).rows);
  }
  for (std::size_t layer = 0; layer < layers_; ++layer) {
    of_whole_batch(StatisticsKind::kGradientSums, {});
  }
}

// All messages have the size of the widest layer's, so that a rank without samples need not know
// whose turn it is.
ChannelStatistics SyncedStatistics::of_whole_batch(StatisticsKind kind, ChannelStatistics own) {
  expects(++exchanges_ <= 2 * layers_, "a batch norm took part more than once in a pass");
  const std::size_t channels = own.first.size();
  const std::size_t length = 2 + 2 * largest_channels_;
  std::vector<double> message(length);
  message[0] = static_cast<double>(own.rows);
  message[1] = static_cast<double>(channels);
  std::ranges::copy(own.first, message.begin() + 2);
  std::ranges::copy(own.second, message.begin() + 2 + static_cast<std::ptrdiff_t>(channels));
  std::vector<double> all(length * static_cast<std::size_t>(comm_.size()));
  comm_.all_gather(std::as_bytes(std::span(message)), std::as_writable_bytes(std::span(all)));
  std::vector<ChannelStatistics> of_ranks;
  for (auto part = all.cbegin(); part != all.cend(); part += static_cast<std::ptrdiff_t>(length)) {
    const auto first = part + 2;
    const auto second = first + static_cast<std::ptrdiff_t>(part[1]);
    const auto end = second + static_cast<std::ptrdiff_t>(part[1]);
    of_ranks.push_back({static_cast<std::int64_t>(part[0]), {first, second}, {second, end}});
  }
  return merged_in_tree(kind, std::move(of_ranks));
}

}  // namespace headway
