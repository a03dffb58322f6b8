#pragma once

#include <iosfwd>
#include <vector>

#include "store/sql/queries.h"

namespace headway {

/// One line per final metric, with the reason where a value is missing; nothing when there are
/// none.
void print_results(const std::vector<ResultRow>& results, std::ostream& out);

}  // namespace headway
