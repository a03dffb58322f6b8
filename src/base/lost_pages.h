#pragma once

#include <cstddef>
#include <string_view>

namespace headway {

// A page of a mapped file that is read after the file became shorter, or that its disk cannot give,
// ends the process with SIGBUS: it can be told of, not returned from.

/// From now on such an end names the file on standard error, and the exit code is kExitFailed.
/// EnvironmentError when the kernel refuses.
void tell_of_lost_pages();

/// Writes "NAME: could not be read any more ..." to the descriptor when a file by that name stood
/// at `address`, the si_addr of a SIGBUS; whether it did. For signal handlers.
bool put_lost_page(int file, const void* address);

/// What stands in memory from `begin` on, by the name to tell it by. Beyond some files at a time
/// they stay without names.
void remember_mapping(const void* begin, std::size_t bytes, std::string_view name);
void forget_mapping(const void* begin);

}  // namespace headway
