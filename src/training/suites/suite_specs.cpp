#include "config/schema/catalog_tables.h"
#include "training/suites/suite.h"

namespace headway {

std::vector<ComponentSpec> suite_table() {
  return suites::All::collect([]<typename Suite>() { return suites::describe<Suite>(); });
}

}  // namespace headway
