#pragma once

#include <cstdint>
#include <vector>

namespace headway {

/// Two numbers per channel, [C] each, over `rows` values of every channel.
struct ChannelStatistics {
  std::int64_t rows = 0;
  std::vector<double> first;
  std::vector<double> second;
};

enum class StatisticsKind {
  kMoments,       // the mean; the sum of squared distances from it
  kGradientSums,  // the sum of g; that of g (x - mean)
};

/// Turns batch-norm statistics of one shard into those of the whole batch. All shards must ask
/// equally often and in the same order, once per layer in the forward pass and once in the backward
/// pass; each call waits for the other shards'.
class StatisticsExchange {
 public:
  virtual ~StatisticsExchange() = default;
  virtual ChannelStatistics of_whole_batch(StatisticsKind kind, ChannelStatistics own) = 0;
};

}  // namespace headway
