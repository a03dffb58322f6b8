#include "config/schema/catalog_tables.h"
#include "training/losses/losses.h"

namespace headway {

std::vector<LossSpec> loss_table() {
  return Losses::collect([]<typename Tag>() { return LossComponent<Tag>::spec(); });
}

}  // namespace headway
