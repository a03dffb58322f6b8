#include "models/layers/batch_norm/whole_batch.h"

#include <torch/custom_class.h>

#include <utility>

#include "base/errors.h"

namespace headway {
namespace {

struct ExchangeHolder final : torch::CustomClassHolder {
  explicit ExchangeHolder(StatisticsExchange* held) : exchange(held) {}
  StatisticsExchange* exchange;
};

std::vector<double> as_doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

std::vector<float> as_floats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

void expect_several_rows(std::int64_t rows) {
  expects(rows > 1, "batch norm in training needs more than one value per channel");
}

// The product of a float and a count below 2^29 is exact in double, so what comes back from an
// exchange with no one else is the variance that went in.
WholeBatchMoments of_whole_batch(StatisticsExchange* exchange,
                                 ChannelMoments own,
                                 std::int64_t rows) {
  if (exchange == nullptr) {
    expect_several_rows(rows);
    return {std::move(own), rows};
  }
  ChannelStatistics statistics{rows, as_doubles(own.mean), as_doubles(own.variance)};
  for (double& squares : statistics.second) squares *= static_cast<double>(rows);
  ChannelStatistics whole =
      exchange->of_whole_batch(StatisticsKind::kMoments, std::move(statistics));
  expect_several_rows(whole.rows);
  for (double& squares : whole.second) squares /= static_cast<double>(whole.rows);
  return {{as_floats(whole.first), as_floats(whole.second)}, whole.rows};
}

GradientSums of_whole_batch(StatisticsExchange* exchange,
                            const GradientSums& own,
                            std::int64_t rows) {
  if (exchange == nullptr) return own;
  const ChannelStatistics whole = exchange->of_whole_batch(
      StatisticsKind::kGradientSums, {rows, as_doubles(own.sum), as_doubles(own.sum_with_x)});
  return {as_floats(whole.first), as_floats(whole.second)};
}

c10::IValue as_saved_value(StatisticsExchange* exchange) {
  if (exchange == nullptr) return {};
  return c10::IValue::make_capsule(c10::make_intrusive<ExchangeHolder>(exchange));
}

StatisticsExchange* exchange_in(const c10::IValue& saved) {
  if (saved.isNone()) return nullptr;
  return static_cast<const ExchangeHolder&>(*saved.toCapsule()).exchange;
}

}  // namespace headway
