#include "runner/cli/open_store.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <ostream>

#include "base/text.h"
#include "store/sql/readable_store.h"
#include "sweep/record_losses.h"
#include "sweep/snapshot.h"

namespace headway {
namespace {

constexpr std::size_t kMostNamed = 3;

void tell(const std::vector<std::string>& lost, const SweepLocation& sweep, std::ostream& err) {
  for (std::size_t i = 0; i < std::min(lost.size(), kMostNamed); ++i) {
    fmt::print(err, "warning: records are lost: {}\n", lost[i]);
  }
  if (lost.empty()) return;
  fmt::print(err,
             "warning: {} of sweep '{}' lost; `headway fsck {}` tells more\n",
             counted(lost.size(), "segment"),
             sweep.name,
             printable(sweep.directory.string()));
}

}  // namespace

void tell_losses(const SweepLocation& sweep, std::ostream& err) {
  tell(record_losses(sweep.directory), sweep, err);
}

ResultsStore open_store(const SweepLocation& sweep, std::ostream& err) {
  ResultsStore store = open_to_read(sweep.directory, [&err](const std::string& text) {
    fmt::print(err, "note: {}\n", printable(text));
  });
  if (live_supervisors(sweep.directory).empty()) store.settle();  // a killed run did not
  const std::vector<SegmentDamage> damage = store.damage();
  const auto damaged = std::count_if(damage.begin(), damage.end(), [](const SegmentDamage& place) {
    return place.kind == DamageKind::kDamaged;
  });
  if (damaged > 0) {
    fmt::print(err,
               "warning: {} in the segments of sweep '{}'; `headway fsck {}` tells more\n",
               counted(static_cast<std::size_t>(damaged), "damaged place"),
               sweep.name,
               printable(sweep.directory.string()));
  }
  tell(record_losses(store), sweep, err);
  return store;
}

}  // namespace headway
