#include "config/schema/catalog_tables.h"
#include "training/optimizers/optimizers.h"

namespace headway {

std::vector<ComponentSpec> optimizer_table() {
  return Optimizers::collect([]<typename Name>() { return OptimizerComponent<Name>::spec(); });
}

}  // namespace headway
