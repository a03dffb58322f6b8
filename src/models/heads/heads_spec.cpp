#include "config/schema/catalog_tables.h"
#include "models/heads/heads.h"

namespace headway {

std::vector<HeadSpec> head_table() {
  return Heads::collect([]<typename Tag>() { return HeadComponent<Tag>::spec(); });
}

}  // namespace headway
