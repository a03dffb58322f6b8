#include "analysis/accumulators/accumulator.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/errors.h"

namespace headway {
namespace {

using Maker = std::unique_ptr<Accumulator> (*)(const AccumulatorInputs&);

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all =
      accumulators::All::collect([]<typename Tag>() -> Maker { return &accumulators::make<Tag>; });
  return all;
}

}  // namespace

std::vector<double> take_values(const Accumulators& accumulators) {
  std::vector<double> all;
  for (const auto& accumulator : accumulators) {
    const std::span<double> values = accumulator->values();
    all.insert(all.end(), values.begin(), values.end());
    std::ranges::fill(values, 0);
  }
  return all;
}

void set_values(const Accumulators& accumulators, std::span<const double> values) {
  for (const auto& accumulator : accumulators) {
    const std::span<double> own = accumulator->values();
    expects(values.size() >= own.size(), "there is a value for each sum");
    std::ranges::copy(values.first(own.size()), own.begin());
    values = values.subspan(own.size());
  }
  expects(values.empty(), "there is a sum for each value");
}

std::unique_ptr<Accumulator> make_accumulator(std::string_view name,
                                              const AccumulatorInputs& inputs) {
  const std::vector<AccumulatorSpec>& specs = accumulator_specs();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return makers()[i](inputs);
  }
  throw std::logic_error("no accumulator '" + std::string(name) + "'");
}

}  // namespace headway
