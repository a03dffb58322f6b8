#pragma once

#include <functional>

#include "comm/communicator.h"
#include "models/parameter_set.h"

namespace headway {

/// Batch norm over the whole batch, of which each rank has one shard: ranks exchange the statistics
/// of theirs in one message per layer and direction, and all merge them in the fixed binary tree
/// over shards.
class SyncedStatistics final : public StatisticsExchange {
 public:
  /// Serves the batch norms of `parameters`, which must outlive it. EnvironmentError when they are
  /// on a GPU, where autograd has a thread of its own, and the communicator does not allow threads.
  SyncedStatistics(ParameterSet& parameters, Communicator& comm);
  SyncedStatistics(const SyncedStatistics&) = delete;
  SyncedStatistics& operator=(const SyncedStatistics&) = delete;
  ~SyncedStatistics() override;

  /// One step: `pass` is the forward and backward pass of this rank's shard, in which every batch
  /// norm takes part once in each direction. Collective.
  void run(const std::function<void()>& pass);
  /// The same where this rank's shard has no samples: it takes part in the exchange. Collective.
  void run_without_samples();

  ChannelStatistics of_whole_batch(StatisticsKind kind, ChannelStatistics own) override;

 private:
  ParameterSet& parameters_;
  Communicator& comm_;
  std::size_t largest_channels_ = 0;
  std::size_t layers_ = 0;
  std::size_t exchanges_ = 0;  // of this step
};

/// The statistics of two neighbouring parts of a batch together; a part without rows changes no
/// bit.
///
/// Moments: Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances", 1979.
ChannelStatistics merged(StatisticsKind kind, ChannelStatistics left, ChannelStatistics right);

}  // namespace headway
