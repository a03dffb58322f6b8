#include "training/step/resident_memory.h"

#include <malloc.h>

#include <climits>

namespace headway {

void keep_memory_resident() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, INT_MAX);  // the heap serves all sizes
  mallopt(M_TRIM_THRESHOLD, INT_MAX);  // and never shrinks
  mallopt(M_TOP_PAD, 64 << 20);
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace headway
