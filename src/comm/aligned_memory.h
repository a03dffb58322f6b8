#pragma once

#include <cstdlib>
#include <memory>
#include <span>

namespace headway {

struct FreeDeleter {
  void operator()(void* address) const { std::free(address); }
};
using AlignedFloats = std::unique_ptr<float, FreeDeleter>;

/// Zeroed, 64-byte aligned.
AlignedFloats allocate_aligned(std::size_t count);

}  // namespace headway
