#include "analysis/accumulators/accumulator.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

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

std::size_t value_count(const Accumulators& accumulators) {
  std::size_t count = 0;
  for (const auto& accumulator : accumulators) count += accumulator->values().size();
  return count;
}

void copy_values(const Accumulators& accumulators, std::span<double> values) {
  expects(values.size() == value_count(accumulators), "there is a place for each sum");
  for (const auto& accumulator : accumulators) {
    const std::span<const double> own = std::as_const(*accumulator).values();
    std::ranges::copy(own, values.begin());
    values = values.subspan(own.size());
  }
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
