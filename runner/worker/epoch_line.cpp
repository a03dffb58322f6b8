#include "runner/worker/epoch_line.h"

#include <fmt/format.h>

#include <cmath>

#include "store/tables/table_format.h"

namespace headway {

std::string epoch_line(const EpochRecord& record, std::int64_t epochs) {
  std::string line = fmt::format("epoch {}/{}", record.epoch, epochs);
  for (const auto& [split, metrics] : record.values) {
    line += fmt::format("  {}", split);
    for (const Metric& metric : metrics) {
      if (!std::isfinite(metric.value)) continue;
      // As tables round it: a loss may be as small as it likes.
      if (metric.name == "loss")
        line += " loss " + round_cell({.mean = metric.value, .std = {}}).mean;
      if (metric.name == "top1_accuracy") line += fmt::format(" top1 {:.4f}", metric.value);
      if (metric.name == "images_per_second") line += fmt::format(" {:.0f} images/s", metric.value);
    }
  }
  return line;
}

}  // namespace headway
