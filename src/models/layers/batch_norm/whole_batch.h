#pragma once

#include <ATen/core/ivalue.h>

#include <cstdint>

#include "models/layers/batch_norm/batch_norm_kernels.h"
#include "models/layers/batch_norm/statistics_exchange.h"

namespace headway {

struct WholeBatchMoments {
  ChannelMoments moments;
  std::int64_t rows = 0;
};

/// Of the batch of which `own` describes `rows` values per channel: without an exchange these are
/// all, and an exchange with no one else gives the same bits. std::logic_error unless the batch has
/// more than one value per channel.
WholeBatchMoments of_whole_batch(StatisticsExchange* exchange,
                                 ChannelMoments own,
                                 std::int64_t rows);
GradientSums of_whole_batch(StatisticsExchange* exchange,
                            const GradientSums& own,
                            std::int64_t rows);

/// std::logic_error unless `rows`, of a batch in training, are more than one.
void expect_several_rows(std::int64_t rows);

/// How an exchange, which may be null, is kept in a node of the autograd graph.
c10::IValue as_saved_value(StatisticsExchange* exchange);
StatisticsExchange* exchange_in(const c10::IValue& saved);

}  // namespace headway
