#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "comm/communicator.h"
#include "models/parameter_set.h"
#include "training/step/lock_step.h"

namespace headway {

/// Batch norm over the whole batch: the shards of a rank run in lock step, so that at each layer
/// their statistics can be merged, and ranks exchange theirs in one message per layer and
/// direction. All merging follows the fixed binary tree over shards, so the number of ranks does
/// not show.
class SyncedStatistics final : public StatisticsExchange {
 public:
  /// Serves the batch norms of `parameters`, which must outlive it. EnvironmentError when several
  /// threads would use a communicator that does not allow it.
  SyncedStatistics(ParameterSet& parameters, std::int64_t local_shards, Communicator& comm);
  SyncedStatistics(const SyncedStatistics&) = delete;
  SyncedStatistics& operator=(const SyncedStatistics&) = delete;
  ~SyncedStatistics() override;

  using ShardBody = std::function<void(std::int64_t)>;
  /// One step: body(local), a forward and backward pass, for this rank's shards that have samples,
  /// in ascending order; select(local) whenever a shard goes on. Without any, this rank takes part
  /// in the exchange all the same. Collective.
  void run(std::span<const std::int64_t> shards, const ShardBody& select, const ShardBody& body);

  ChannelStatistics of_whole_batch(StatisticsKind kind, ChannelStatistics own) override;

 private:
  ChannelStatistics exchanged(StatisticsKind kind, const ChannelStatistics& of_rank);

  ParameterSet& parameters_;
  Communicator& comm_;
  LockStep lock_step_;
  std::size_t largest_channels_ = 0;
  std::size_t layers_ = 0;
  std::size_t exchanges_ = 0;                        // of this step
  std::int64_t local_ = 0;                           // the shard that is running
  std::vector<ChannelStatistics> local_statistics_;  // one per shard of this rank
  ChannelStatistics whole_;
};

/// ConfigError when ranks on GPUs have several shards each.
void expect_one_shard_per_gpu(std::int64_t shards, int ranks);

/// The statistics of two neighbouring parts of a batch together; a part without rows changes no
/// bit.
///
/// Moments: Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances", 1979.
ChannelStatistics merged(StatisticsKind kind, ChannelStatistics left, ChannelStatistics right);

}  // namespace headway
