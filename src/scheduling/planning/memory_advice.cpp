#include "scheduling/planning/memory_advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/memory_use.h"

namespace headway {
namespace {

constexpr double kUsable = 0.9;  // of the memory; the rest is the system's

std::int64_t need_with(const MemoryShortage& shortage, std::int64_t shards) {
  const std::int64_t step =
      std::max<std::int64_t>(shortage.peak_bytes - shortage.resident_bytes, 0);
  return shortage.resident_bytes + step * shortage.shards / shards;
}

// The fewest shards that fit beside equal groups, or twice the present ones when none would.
std::int64_t fitting_shards(const MemoryShortage& shortage) {
  const double usable =
      kUsable * static_cast<double>(shortage.available_bytes) / (1 + shortage.groups_beside);
  for (std::int64_t shards = 2 * shortage.shards; shards <= shortage.batch_size; shards *= 2) {
    if (static_cast<double>(need_with(shortage, shards)) <= usable) return shards;
  }
  return 2 * shortage.shards;
}

}  // namespace

std::string memory_advice(const MemoryShortage& shortage) {
  if (shortage.peak_bytes <= 0) return "the peak is not known";
  std::string text = fmt::format("peak {} on {} rank{}",
                                 format_bytes(shortage.peak_bytes),
                                 shortage.ranks,
                                 shortage.ranks == 1 ? "" : "s");
  if (shortage.resident_bytes > 0) {
    text += fmt::format(" ({} of it before the first step)", format_bytes(shortage.resident_bytes));
  }
  text += fmt::format(" of {}", format_bytes(shortage.available_bytes));
  if (shortage.groups_beside > 0) {
    text += fmt::format(" shared with {} other group{}",
                        shortage.groups_beside,
                        shortage.groups_beside == 1 ? "" : "s");
  }
  if (shortage.sync_batch_norm) {
    return text +
           "; with training.sync_batch_norm all shards are held at once: a smaller "
           "training.batch_size needs less (it is another trial)";
  }
  const std::int64_t shards = fitting_shards(shortage);
  if (shards > shortage.batch_size) return text + "; training.batch_size is as small as it gets";
  return text + fmt::format(
                    "; training.shards={} needs about {} (it is another trial: batch-norm "
                    "statistics are of a shard)",
                    shards,
                    format_bytes(need_with(shortage, shards)));
}

}  // namespace headway
