#pragma once

namespace headway {

/// Keeps freed memory in this process: glibc would otherwise return each step's tensors to the
/// system and take them back as fresh pages, a page fault per 4 KiB. Call before the first tensor.
void keep_memory_resident();

}  // namespace headway
