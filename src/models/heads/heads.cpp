#include "models/heads/head.h"

namespace headway {

// To add a head: write heads/<name>.cpp, then name its factory here.
HeadFactory make_cosine, make_dot;

const Registry<HeadFactory>& heads() {
  static const Registry<HeadFactory> table{"head", {{"cosine", make_cosine}, {"dot", make_dot}}};
  return table;
}

}  // namespace headway
