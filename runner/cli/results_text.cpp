#include "runner/cli/results_text.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "base/text.h"

namespace headway {

void print_results(const std::vector<ResultRow>& results, std::ostream& out) {
  if (results.empty()) return;
  TextColumns columns({{"result"}, {"value", Align::kRight}, {"why there is none"}});
  for (const ResultRow& result : results) {
    columns.add({result.label(),
                 result.value ? fmt::format("{:.6g}", *result.value + 0.0) : "-",
                 result.missing_reason});
  }
  fmt::print(out, "\n");
  columns.print(out);
}

}  // namespace headway
