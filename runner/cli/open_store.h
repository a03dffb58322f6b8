#pragma once

#include <iosfwd>

#include "store/sql/results_store.h"
#include "sweep/location.h"

namespace headway {

/// The sweep's results store, up to date with its segments: see open_to_read. Damage of segments,
/// and records that are lost, are told on `err`.
ResultsStore open_store(const SweepLocation& sweep, std::ostream& err);
/// Tells of records that are lost, for commands that need no store.
void tell_losses(const SweepLocation& sweep, std::ostream& err);

}  // namespace headway
