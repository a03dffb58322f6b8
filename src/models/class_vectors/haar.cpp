#include "models/class_vectors/haar.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/errors.h"

namespace headway {
namespace {

// Columns are worked on in panels of this many, so that the reflections, too large for the caches,
// are read once per panel and not once per column. Wide enough for the compiler to vectorise over
// the columns: with 8 it unrolls that loop first and then does poorly (2 against 12 GFLOP/s).
constexpr std::size_t kPanelWidth = 32;
using PanelRow = std::array<double, kPanelWidth>;
using Panel = std::vector<PanelRow>;  // [size], kPanelWidth columns side by side

// I - 2 v v' with |v| = 1; v is zero above row `first`.
struct Reflection {
  std::size_t first = 0;
  std::vector<double> v;
  double sign = 1;  // of R's diagonal entry
};

// Sums run down the rows, one per column, so any vector width gives the same bits.
void reflect(const double* __restrict v, std::size_t rows, PanelRow* __restrict panel) {
  PanelRow dot{};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < kPanelWidth; ++c) dot[c] += v[i] * panel[i][c];
  }
  for (double& value : dot) value *= 2;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < kPanelWidth; ++c) panel[i][c] -= v[i] * dot[c];
  }
}

void reflect_panel(const Reflection& reflection, Panel& panel) {
  reflect(reflection.v.data(), reflection.v.size(), panel.data() + reflection.first);
}

// The reflection that turns the panel's column `c` into R's column `first`.
Reflection make_reflection(const Panel& panel, std::size_t c, std::size_t first) {
  Reflection reflection{.first = first, .v = {}};
  double square = 0;
  for (std::size_t i = first; i < panel.size(); ++i) {
    reflection.v.push_back(panel[i][c]);
    square += panel[i][c] * panel[i][c];
  }
  // The sign of v_0 avoids cancellation: R_jj = -sign(v_0) |column|.
  const double length = std::copysign(std::sqrt(square), reflection.v[0]);
  reflection.sign = -std::copysign(1.0, length);
  reflection.v[0] += length;
  double v_square = 0;
  for (const double value : reflection.v) v_square += value * value;
  expects(v_square > 0, "a column of normal numbers is zero");
  const double scale = 1 / std::sqrt(v_square);
  for (double& value : reflection.v) value *= scale;
  return reflection;
}

std::vector<Reflection> factorize(std::size_t size,
                                  std::size_t columns,
                                  const std::function<RandomStream(std::int64_t)>& stream) {
  std::vector<Reflection> reflections;
  reflections.reserve(columns);
  for (std::size_t start = 0; start < columns; start += kPanelWidth) {
    const std::size_t width = std::min(kPanelWidth, columns - start);
    Panel panel(size, PanelRow{});
    for (std::size_t c = 0; c < width; ++c) {
      RandomStream numbers = stream(static_cast<std::int64_t>(start + c));
      for (PanelRow& row : panel) row[c] = numbers.normal();
    }
    for (const Reflection& reflection : reflections) reflect_panel(reflection, panel);
    for (std::size_t c = 0; c < width; ++c) {
      reflections.push_back(make_reflection(panel, c, start + c));
      reflect_panel(reflections.back(), panel);
    }
  }
  return reflections;
}

}  // namespace

std::vector<double> haar_columns(std::int64_t size,
                                 std::int64_t columns,
                                 const std::function<RandomStream(std::int64_t)>& stream) {
  expects(columns >= 1 && columns <= size, "more orthonormal columns than dimensions");
  const auto rows = static_cast<std::size_t>(size);
  const auto count = static_cast<std::size_t>(columns);
  const std::vector<Reflection> reflections = factorize(rows, count, stream);
  std::vector<double> result(count * rows);
  for (std::size_t start = 0; start < count; start += kPanelWidth) {
    const std::size_t width = std::min(kPanelWidth, count - start);
    Panel panel(rows, PanelRow{});
    for (std::size_t c = 0; c < width; ++c) panel[start + c][c] = reflections[start + c].sign;
    // Later reflections leave these columns of the identity as they are.
    for (std::size_t j = start + width; j-- > 0;) reflect_panel(reflections[j], panel);
    for (std::size_t c = 0; c < width; ++c) {
      for (std::size_t i = 0; i < rows; ++i) result[(start + c) * rows + i] = panel[i][c];
    }
  }
  return result;
}

}  // namespace headway
